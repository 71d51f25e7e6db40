import DequeModule
import StoreProtocol

/// Changes made by one request, or by the store itself: durable as a whole or not at all.
public struct ChangeSet {
  /// Counts up from set to set.
  public let number: UInt64
  /// Whether a refusal undoes it; else it has to be written sooner or later.
  public let isRefusable: Bool
  /// The changes in their order.
  public let changes: [WrittenChange]
}

/// A change that a backend has to write, with the state before it that nobody could ask for later.
public struct WrittenChange {
  /// The id of the session.
  public let session: UInt64
  /// The change; an object that was persisted is put here.
  public let change: MetadataChange
  /// The object that a removal has taken out.
  public let removed: MetadataRecord?
  /// The object that a name was taken from.
  public let former: ObjectID?

  init(_ change: MetadataChange, _ undo: MetadataUndo, in session: Session) {
    self.session = session.id
    self.change = change
    removed = undo.removed
    former = undo.formerTarget
  }

  /// What the change takes out; nil for changes that take nothing out.
  ///
  /// Not inlined: the compiler of Swift 6.3 fails where it is.
  @inline(never) public var removal: Removal? {
    guard case .remove(let id) = change else { return nil }
    var blobs: [ObjectID] = []
    for link in removed?.links ?? [] {
      if case .blob(let blob) = link.target { blobs.append(blob) }
    }
    return Removal(object: id, instance: removed?.instance, blobs: blobs)
  }
}

/// An object that a change takes out.
public struct Removal {
  public let object: ObjectID
  /// The store that it belonged to; nil where that is not known any more.
  public let instance: UInt64?
  /// The blobs that it had as members.
  public let blobs: [ObjectID]
}

/// Progress of a request towards durability, if it has changed something.
public enum Durability: Equatable, Sendable {
  /// The reply may leave.
  case durable
  /// The reply may leave when the change set of this number is acknowledged.
  case pending(UInt64)
  /// The request built on something that was refused, and is undone with it.
  case refused
}

/// The changes that may still be undone, in the order in which they were made.
///
/// Everything is kept from the first unacknowledged change on: undoing goes back to it and makes the changes again that
/// are not refused. Nothing is kept for a backend that acknowledges at once.
struct ChangeLog {
  /// Something that was done.
  enum Step {
    case metadata(MetadataChange, MetadataUndo)
    /// The blob of a deleted object, whose bytes are freed when the deletion is durable.
    case blob(ObjectID, Blob, remover: Client?)
    /// An object that had to be visible for good already.
    case reliance(ObjectID)
  }

  struct Entry {
    /// Number of the request it was done for; 0 for changes that can neither be refused nor have to be written.
    let request: UInt64
    let session: Session
    let step: Step

    /// The object that was changed or relied on; nil for none in particular.
    var object: ObjectID? {
      switch step {
      case .metadata(let change, _): change.object
      case .reliance(let id): id
      case .blob: nil
      }
    }
  }

  /// A request whose changes are not durable yet.
  struct Request {
    /// Nil until it is closed.
    var number: UInt64?
    /// False when nobody is there to be told.
    let isRefusable: Bool
    var isRefused = false
    /// Changes that a backend has to write.
    var changes: [WrittenChange] = []
  }

  /// Whether a backend wants to know, and acknowledges later.
  var isKept = false
  var entries: Deque<Entry> = []
  private(set) var requests: [UInt64: Request] = [:]
  /// Closed requests in the order of their numbers.
  private var closed: Deque<(number: UInt64, request: UInt64)> = []
  private var lastRequest: UInt64 = 0
  private(set) var lastNumber: UInt64 = 0

  /// Whether something may still be undone.
  var isPending: Bool { !requests.isEmpty }

  // MARK: - Requests

  /// - Returns: the number under which changes of a new request are noted.
  mutating func open(isRefusable: Bool) -> UInt64 {
    lastRequest += 1
    requests[lastRequest] = Request(isRefusable: isRefusable)
    return lastRequest
  }

  /// Notes something that a backend has to write.
  mutating func add(_ change: WrittenChange, to request: UInt64) { requests[request]?.changes.append(change) }

  /// Ends a request.
  ///
  /// - Returns: what is to be written; nil when nothing is.
  mutating func close(_ request: UInt64) -> ChangeSet? {
    guard let isRefusable = requests[request]?.isRefusable, let changes = requests[request]?.changes, !changes.isEmpty
    else {
      requests[request] = nil
      return nil
    }
    lastNumber += 1
    requests[request]?.number = lastNumber
    requests[request]?.changes = []
    closed.append((lastNumber, request))
    return ChangeSet(number: lastNumber, isRefusable: isRefusable, changes: changes)
  }

  /// Forgets an open request that was refused.
  mutating func abandon(_ request: UInt64) { requests[request] = nil }

  mutating func acknowledge(upTo number: UInt64) {
    while let first = closed.first, first.number <= number {
      closed.removeFirst()
      requests[first.request] = nil
    }
  }

  /// The request of a change set that may be refused; nil when it is durable, refused or cannot be.
  func refusable(_ number: UInt64) -> UInt64? {
    guard let found = closed.first(where: { $0.number == number }), requests[found.request]?.isRefusable == true else {
      return nil
    }
    return found.request
  }

  /// Notes that requests are refused; those that are still open are told when they end.
  ///
  /// - Returns: the numbers of the others.
  mutating func refuse(_ refused: Set<UInt64>) -> [UInt64] {
    let numbers = refused.compactMap { requests[$0]?.number }
    for request in refused {
      if requests[request]?.number == nil { requests[request]?.isRefused = true } else { requests[request] = nil }
    }
    closed.removeAll { refused.contains($0.request) }
    return numbers.sorted()
  }

  // MARK: - Entries

  /// The first entry, if nothing can undo it any more.
  mutating func popDurable() -> Entry? {
    guard let first = entries.first, requests[first.request] == nil else { return nil }
    return entries.popFirst()
  }

  /// Blobs of deleted objects that are not freed yet.
  var retiredBlobs: [(id: ObjectID, blob: Blob)] {
    entries.compactMap { entry in
      guard case .blob(let id, let blob, _) = entry.step else { return nil }
      return (id, blob)
    }
  }

  /// Blobs of deleted objects of a session that are not freed yet.
  func retiredBlobs(in session: Session) -> [(id: ObjectID, blob: Blob)] {
    entries.compactMap { entry in
      guard entry.session === session, case .blob(let id, let blob, _) = entry.step else { return nil }
      return (id, blob)
    }
  }

  /// Whether a deleted object or blob may come back under its id.
  func isReserved(_ id: ObjectID, in session: Session) -> Bool {
    entries.contains { entry in
      guard entry.session === session else { return false }
      switch entry.step {
      case .metadata(.remove(let removed), _): return removed == id
      case .blob(let blob, _, _): return blob == id
      default: return false
      }
    }
  }

  /// Whether a request has deleted an object, which is not durable yet.
  func isBeingDeleted(_ id: ObjectID, in session: Session) -> Bool {
    entries.contains { entry in
      guard entry.session === session, requests[entry.request] != nil, case .metadata(.remove(id), _) = entry.step
      else { return false }
      return true
    }
  }

  /// The number of the change set that makes an object visible for good; nil when it is so already.
  func pendingNumber(persisting id: ObjectID, in session: Session) -> UInt64? {
    for entry in entries where entry.session === session {
      guard let request = requests[entry.request], request.isRefusable, let number = request.number,
        case .metadata(let change, _) = entry.step
      else { continue }
      switch change {
      case .persist(id), .put(id, _): return number
      default: continue
      }
    }
    return nil
  }

  /// A request with those that built on what it had put or persisted: named, labelled or copied that, or persisted what
  /// has it as a member.
  func builtOn(_ request: UInt64) -> Set<UInt64> {
    var refused: Set<UInt64> = [request]
    while true {
      let before = refused.count
      var put: Set<Place> = []
      var persisted: Set<Place> = []
      for entry in entries {
        guard let id = entry.object else { continue }
        let place = Place(entry.session, id)
        if refused.contains(entry.request) {
          if case .metadata(.put, _) = entry.step { put.insert(place) }
          if case .metadata(.persist, _) = entry.step { persisted.insert(place) }
        } else if requests[entry.request]?.isRefusable == true {
          switch entry.step {
          case .metadata(.name, _), .reliance:
            if put.contains(place) || persisted.contains(place) { refused.insert(entry.request) }
          case .metadata(.label, _), .metadata(.persist, _):
            if put.contains(place) { refused.insert(entry.request) }
          default: break
          }
        }
      }
      if refused.count == before { return refused }
    }
  }
}

/// An object or blob of a session.
struct Place: Hashable {
  let session: UInt64
  let id: ObjectID

  init(_ session: Session, _ id: ObjectID) {
    self.session = session.id
    self.id = id
  }
}
