import DequeModule
import MetadataBackend
import StoreProtocol

/// What somebody has done to a place, and when.
struct PlaceEvent: Sendable {
  enum Change: Sendable {
    /// The object was written as a whole.
    case object([UInt8])
    /// A field of the object was written or, with nil, deleted.
    case field(String, [UInt8]?)
    case removed
    /// The name leads to an object or nowhere.
    case name(ObjectID?)
  }

  let place: MetadataPlace
  let change: Change
  let revision: Int64
}

/// Places that this store has changed or asked for, until the watch has passed that: what it tells of them before is
/// outdated.
struct OwnChanges {
  /// What this store has made of a place.
  enum Change {
    case put, removed
    /// Some fields of the object that are keys of their own; they do not bring back what others have deleted.
    case fields(labels: Bool)
    case name(ObjectID?)

    fileprivate var isWhole: Bool {
      if case .fields = self { return false }
      return true
    }

    /// Whether what an event tells is overwritten by this change where this change is the later one.
    fileprivate func covers(_ event: PlaceEvent) -> Bool {
      if case .fields(let labels) = self { return labels && event.change.isLabels }
      return true
    }
  }

  private struct Mark {
    /// What is not written yet, by the numbers of the changes.
    var pending: [UInt64: Change] = [:]
    /// The revision of the latest change that is written.
    var floor: Int64 = 0
    /// The same without changes of fields.
    var wholeFloor: Int64 = 0
    /// The revision of the latest change of the labels.
    var labelFloor: Int64 = 0
    /// What others did while it was not known what comes first.
    var deferred: [PlaceEvent] = []

    func isNews(_ event: PlaceEvent) -> Bool {
      event.revision > (event.change.isLabels ? max(wholeFloor, labelFloor) : wholeFloor)
    }
  }

  private var marks: [MetadataPlace: Mark] = [:]
  /// By session.
  private var passing: [UInt64: Deque<(revision: Int64, places: [MetadataPlace])>] = [:]

  var isEmpty: Bool { marks.isEmpty }

  /// Notes a change before it is written.
  mutating func begin(_ sequence: UInt64, _ change: Change, at place: MetadataPlace) {
    marks[place, default: Mark()].pending[sequence] = change
  }

  func isPending(_ place: MetadataPlace) -> Bool { marks[place]?.pending.isEmpty == false }

  /// Places with changes that are not written yet.
  var pendingPlaces: [MetadataPlace] { marks.filter { !$0.value.pending.isEmpty }.map(\.key) }

  /// Whether others have deleted an object while it is not known what comes first.
  func isRemoved(_ place: MetadataPlace) -> Bool {
    marks[place]?.deferred.contains { if case .removed = $0.change { true } else { false } } == true
  }

  /// Whether an event is news; one that may be older than a change that is being written waits here.
  mutating func admits(_ event: PlaceEvent) -> Bool {
    guard let mark = marks[event.place] else { return true }
    let waits = mark.pending.values.contains { $0.covers(event) }
    if waits { marks[event.place]?.deferred.append(event) }
    guard !waits, mark.isNews(event) else { return false }
    // What waits, and is older, must not come after it.
    marks[event.place]?.deferred.removeAll { $0.revision < event.revision && event.change.replaces($0.change) }
    return true
  }

  /// Whether a deletion leaves fields behind that this store has written since, or will.
  func outlive(_ event: PlaceEvent) -> Bool {
    guard case .removed = event.change, let mark = marks[event.place] else { return false }
    return !mark.pending.isEmpty || mark.floor > event.revision
  }

  /// Notes that a change was written.
  ///
  /// - Returns: what others did after it.
  mutating func finish(_ sequence: UInt64, _ places: some Sequence<MetadataPlace>, at revision: Int64) -> [PlaceEvent] {
    var news: [PlaceEvent] = []
    for place in places {
      guard var mark = marks[place], let change = mark.pending.removeValue(forKey: sequence) else { continue }
      mark.floor = max(mark.floor, revision)
      if change.isWhole { mark.wholeFloor = max(mark.wholeFloor, revision) }
      if case .fields(labels: true) = change { mark.labelFloor = max(mark.labelFloor, revision) }
      marks[place] = mark
      news += takeDeferred(place)
    }
    for (session, places) in Dictionary(grouping: places, by: \.session) { pass(places, of: session, after: revision) }
    return news
  }

  /// Notes that a change was not written, or that it does not count what it has left.
  ///
  /// - Returns: what others did meanwhile.
  mutating func giveUp(_ sequence: UInt64, _ places: some Sequence<MetadataPlace>) -> [PlaceEvent] {
    var news: [PlaceEvent] = []
    for place in places {
      guard marks[place]?.pending.removeValue(forKey: sequence) != nil else { continue }
      news += takeDeferred(place)
      if let mark = marks[place], mark.pending.isEmpty {
        if mark.floor == 0 { marks[place] = nil } else { pass([place], of: place.session, after: mark.floor) }
      }
    }
    return news
  }

  private mutating func takeDeferred(_ place: MetadataPlace) -> [PlaceEvent] {
    guard let mark = marks[place], mark.pending.isEmpty else { return [] }
    marks[place]?.deferred = []
    return mark.deferred.filter { mark.isNews($0) }
  }

  /// Notes that a place was read, or only the labels of an object.
  mutating func note(_ place: MetadataPlace, readAt revision: Int64, labelsOnly: Bool = false) {
    var mark = marks[place] ?? Mark()
    mark.floor = max(mark.floor, revision)
    if labelsOnly {
      mark.labelFloor = max(mark.labelFloor, revision)
    } else {
      mark.wholeFloor = max(mark.wholeFloor, revision)
    }
    marks[place] = mark
    pass([place], of: place.session, after: revision)
  }

  private mutating func pass(_ places: [MetadataPlace], of session: UInt64, after revision: Int64) {
    passing[session, default: []].append((revision, places))
  }

  /// The watches of sessions have told everything up to these revisions; those that are missing have ended.
  mutating func pass(_ followed: [UInt64: Int64]) {
    for session in passing.keys {
      let revision = followed[session] ?? .max
      while let first = passing[session]?.first, first.revision <= revision {
        passing[session]?.removeFirst()
        for place in first.places {
          if let mark = marks[place], mark.pending.isEmpty, mark.floor <= revision { marks[place] = nil }
        }
      }
      if passing[session]?.isEmpty == true { passing[session] = nil }
    }
  }

  /// Forgets revisions of a session's history that is lost.
  mutating func forgetHistory(of session: UInt64) {
    passing[session] = nil
    for (place, mark) in marks where place.session == session {
      if mark.pending.isEmpty { marks[place] = nil }
      marks[place]?.floor = 0
      marks[place]?.wholeFloor = 0
      marks[place]?.labelFloor = 0
      marks[place]?.deferred = []
    }
  }
}

extension PlaceEvent.Change {
  /// Whether it says what is there, not only what one of its fields is.
  var isWhole: Bool {
    if case .field = self { return false }
    return true
  }

  /// Whether nothing is left of an earlier change.
  fileprivate func replaces(_ earlier: Self) -> Bool {
    if case (.field(let field, _), .field(let other, _)) = (self, earlier) { return field == other }
    return isWhole
  }

  var isLabels: Bool {
    if case .field("__labels", _) = self { return true }
    return false
  }
}
