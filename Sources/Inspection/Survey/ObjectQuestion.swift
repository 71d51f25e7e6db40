import StoreProtocol
import Support

/// Part of a store that a question is about.
public enum SurveyScope: Sendable, Equatable {
  /// All volumes, and what is in none.
  case everything
  /// One volume.
  case volume(String)
}

/// A question for objects.
public struct ObjectQuestion: Sendable {
  public var scope = SurveyScope.everything
  /// For the type name.
  public var pattern = "*"
  public var isRegex = false
  /// Whether to leave out parts of other objects, and blobs.
  public var isOfWholes = true
  public var order = ObjectOrder.id
  /// Objects wanted at most; 0 for all.
  public var limit = 100

  public init() {}

  /// Objects of one volume that are looked at.
  public static let mostObjects = 20_000
  /// Names of one volume that are looked at.
  public static let mostNames = 50_000
}

/// Answer of one session of a store to a question.
struct SessionSurvey {
  private let connection: StoreConnection
  private let volume: String?
  private let question: ObjectQuestion

  init(_ connection: StoreConnection, volume: String?, _ question: ObjectQuestion) {
    self.connection = connection
    self.volume = volume
    self.question = question
  }

  /// The objects, as many as are wanted, and whether there are more.
  ///
  /// - Throws: `ProgramError`.
  func entries() throws(ProgramError) -> (entries: [ObjectEntry], isCut: Bool) {
    // A wildcard that takes everything would list blobs as well.
    let listsAll = question.isOfWholes && question.pattern == "*" && !question.isRegex
    var found = try connection.list(
      listsAll ? ".*" : question.pattern, isRegex: listsAll || question.isRegex, limit: ObjectQuestion.mostObjects)
    var isCut = found.count >= ObjectQuestion.mostObjects
    let copies = Self.copies(found)
    if listsAll {
      let parts = found.reduce(into: Set<ObjectID>()) { $0.formUnion($1.partIDs) }
      found.removeAll { parts.contains($0.id) }
    }
    if question.isOfWholes { found.removeAll(where: \.isBlob) }
    let names = try names()
    var entries = found.map { object in
      var entry = ObjectEntry(object)
      entry.names = names[object.id] ?? []
      entry.volume = volume
      entry.copies = object.signature.flatMap { copies[$0] } ?? 1
      return entry
    }
    if question.order.needsBytes { try addBytes(to: &entries) }
    entries = question.order.sorted(entries)
    if question.limit > 0, entries.count > question.limit {
      entries.removeLast(entries.count - question.limit)
      isCut = true
    }
    if !question.order.needsBytes { try addBytes(to: &entries) }
    return (entries, isCut)
  }

  private func names() throws(ProgramError) -> [ObjectID: [String]] {
    let names = try connection.names("*", limit: ObjectQuestion.mostNames)
    return Dictionary(grouping: names, by: \.id).mapValues { $0.map(\.name).sorted() }
  }

  /// Stores that have an object, by what its copies have in common.
  private static func copies(_ objects: [StoredObject]) -> [UInt64: Int] {
    var stores: [UInt64: Set<UInt64>] = [:]
    for object in objects {
      if let signature = object.signature, let instance = object.instance {
        stores[signature, default: []].insert(instance)
      }
    }
    return stores.mapValues(\.count)
  }

  private func addBytes(to entries: inout [ObjectEntry]) throws(ProgramError) {
    let blobs = entries.map { $0.object.blobIDs }
    let wanted = blobs.reduce(into: Set<ObjectID>()) { $0.formUnion($1) }
    let sizes = Dictionary(
      try connection.objects(wanted.sorted()).map { ($0.id, $0.length) }, uniquingKeysWith: { first, _ in first })
    for index in entries.indices {
      let known = blobs[index].compactMap { sizes[$0] }
      if known.isEmpty, !blobs[index].isEmpty { continue }
      entries[index].bytes = known.reduce(0) { $0.addingReportingOverflow($1).partialValue }
    }
  }
}
