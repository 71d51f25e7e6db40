import MetadataBackend

/// What is asked of etcd. At most one question is under way; what is asked meanwhile is the next, since an answer tells
/// what was so after the question.
struct Questions {
  /// A question that was answered, and waits for the watch.
  private struct Answered {
    let number: UInt64
    /// The revisions that the watches of sessions have to pass.
    var needed: [UInt64: Int64]

    /// - Parameter followed: what the watches have passed; those that are missing have ended.
    func isSeen(at followed: [UInt64: Int64]) -> Bool {
      needed.allSatisfy { session, revision in followed[session].map { $0 >= revision } ?? true }
    }
  }

  private var last: UInt64 = 0
  /// Places of the next question.
  private var next: [MetadataPlace] = []
  private var known: Set<MetadataPlace> = []
  private var underWay: (number: UInt64, places: [MetadataPlace])?
  private var answered: [Answered] = []
  private var ended: [BackendAnswer] = []

  /// The question that nobody has answered yet.
  var current: UInt64? { underWay?.number }

  /// Whether everything is answered.
  var isEmpty: Bool { underWay == nil && next.isEmpty && answered.isEmpty && ended.isEmpty }

  /// Adds places to the next question.
  mutating func ask(_ places: [MetadataPlace]) -> UInt64 {
    for place in places where known.insert(place).inserted { next.append(place) }
    return last + 1
  }

  /// Takes what is to be asked now, if nothing is under way.
  mutating func begin() -> (number: UInt64, places: [MetadataPlace])? {
    guard underWay == nil, !next.isEmpty else { return nil }
    last += 1
    underWay = (last, next)
    (next, known) = ([], [])
    return underWay
  }

  /// - Returns: the places of the question; nil when it is not under way.
  mutating func end(_ number: UInt64) -> [MetadataPlace]? {
    guard let question = underWay, question.number == number else { return nil }
    underWay = nil
    return question.places
  }

  mutating func answer(_ number: UInt64, when needed: [UInt64: Int64]) {
    answered.append(Answered(number: number, needed: needed))
  }

  mutating func fail(_ number: UInt64) { ended.append(BackendAnswer(question: number, isHeard: false)) }

  /// The answers that hold now that watches of sessions have passed these revisions, and those that failed.
  mutating func take(at followed: [UInt64: Int64]) -> [BackendAnswer] {
    ended += answered.filter { $0.isSeen(at: followed) }.map { BackendAnswer(question: $0.number, isHeard: true) }
    answered.removeAll { $0.isSeen(at: followed) }
    defer { ended = [] }
    return ended
  }

  /// Forgets revisions of a history that is lost: the session was read again.
  mutating func forgetHistory(of session: UInt64) {
    for index in answered.indices { answered[index].needed[session] = nil }
  }
}
