import StoreCore
import StoreProtocol

/// Bytes of the arena that a blob has or that connections were given.
final class ModelExtent {
  let offset: UInt64
  /// The session of the volume whose memory file it is in; 0 for that of everybody else.
  let tenant: UInt64
  /// Bytes it occupies.
  var length: UInt64
  /// Bytes it is charged with.
  var charged: UInt64
  /// Blobs that live in it.
  var blobs = 1
  /// Grants of connections.
  var grants = 0
  /// Grants that may not be taken back.
  var pins = 0
  /// Whether one of its blobs was deleted where deleted memory is kept.
  var isKept = false
  /// The step in which it came to be one that may be taken back.
  var listed: Int?

  init(offset: UInt64, size: UInt64, of tenant: UInt64 = 0) {
    self.offset = offset
    self.tenant = tenant
    length = (size + 63) / 64 * 64
    charged = size
  }

  var hasBlob: Bool { blobs > 0 }
  var isHeld: Bool { hasBlob || grants > 0 }
  var end: UInt64 { offset + length }

  func overlaps(_ start: UInt64, _ end: UInt64) -> Bool { offset < end && start < self.end }
}

/// What a blob is, in the model.
final class ModelBlob {
  let extent: ModelExtent
  var size: UInt64
  /// Bytes it is charged with.
  var charged: UInt64
  var isSealed = false
  var writer: SimulatedClient?
  /// Who sealed it and has not released it.
  var sealer: SimulatedClient?
  /// Whether its writer went before it was sealed.
  var isAbandoned = false
  /// Whether it is a copy of what another store has.
  var isCopy = false
  /// The volume that pays for it.
  var payer: ModelVolume?

  init(_ extent: ModelExtent, size: UInt64, writer: SimulatedClient?) {
    self.extent = extent
    self.size = size
    charged = size
    self.writer = writer
    payer = writer?.volume
  }
}

struct ModelObject {
  var typename: String
  var members: [ObjectID]
  /// The volume through which it came.
  var owner: ModelVolume?
  var isPersistent = false
}

struct ModelStream {
  var ready: [ObjectID] = []
  var current: ObjectID?
  var writer: SimulatedClient?
  var producer: SimulatedClient?
  var isAbandoned = false
  var handedOut: ObjectID?
  var isDrained = false
  var isFailed = false
  var modes: Set<UInt64> = []
  var parkedReader: SimulatedClient?
  var parkedWriter: SimulatedClient?
}

struct ModelPlasma {
  var blob: ObjectID
  var holders: Set<Int> = []
}

/// A session as plain dictionaries.
final class ModelSession {
  let session: Session
  var blobs: [ObjectID: ModelBlob] = [:]
  var objects: [ObjectID: ModelObject] = [:]
  /// Names with their objects, the newest last.
  var names: [(name: String, id: ObjectID)] = []
  var streams: [ObjectID: ModelStream] = [:]
  var plasma: [String: ModelPlasma] = [:]
  /// The volume or snapshot whose session it is.
  weak var tenant: ModelVolume?
  /// Whether others are to know of it: what is in a volume of this store alone is nobody else's matter.
  let isShared: Bool
  /// Everything that ever was here, for requests about what may be gone.
  var known: [ObjectID] = []

  init(_ session: Session, tenant: ModelVolume? = nil) {
    self.session = session
    self.tenant = tenant
    isShared = session.isShared
  }

  func exists(_ id: ObjectID) -> Bool { blobs[id] != nil || objects[id] != nil }

  func dependents(of id: ObjectID) -> [ObjectID] {
    objects.filter { $0.value.members.contains(id) }.map(\.key)
  }

  func hasDependents(_ id: ObjectID) -> Bool { objects.values.contains { $0.members.contains(id) } }

  func isPlasma(_ name: String) -> Bool {
    guard let entry = plasma[name] else { return false }
    return entry.blob == .emptyBlob || blobs[entry.blob] != nil
  }

  var sortedObjects: [ObjectID] { objects.keys.sorted() }
  var sortedBlobs: [ObjectID] { blobs.keys.sorted() }
  var sortedStreams: [ObjectID] { streams.keys.sorted() }
}

/// A request that may have to wait.
enum WaitingRequest {
  case pull(ObjectID)
  case nextChunk(ObjectID, size: UInt64)
  case name(String)
  case lock(String)
}

/// A handle with what the model says it was given.
final class SimulatedClient {
  let number: Int
  let handle: Client
  let session: ModelSession
  let volume: ModelVolume?
  /// What it may read, by the id under which it was given, the newest last.
  var grants: [(id: ObjectID, extent: ModelExtent, isPinned: Bool)] = []
  /// Whether it releases blobs itself.
  let releasesBlobs: Bool
  var pulled: Set<ObjectID> = []
  var locks: Set<String> = []
  /// A request that waits for a change.
  var parked: (request: WaitingRequest, key: WaitKey)?
  /// Blobs whose creation is answered when they have pages.
  var awaiting: [(id: ObjectID, range: ByteRange)] = []

  init(_ number: Int, _ handle: Client, _ session: ModelSession, of volume: ModelVolume? = nil) {
    self.number = number
    self.handle = handle
    self.session = session
    self.volume = volume
    releasesBlobs = number % 5 == 0
    handle.releasesBlobs = releasesBlobs
  }

  var isIdle: Bool { parked == nil && awaiting.isEmpty }

  func isGiven(_ id: ObjectID) -> Bool { grants.contains { $0.id == id } }

  func give(_ id: ObjectID, _ extent: ModelExtent, isPinned: Bool? = nil) {
    let isPinned = isPinned ?? releasesBlobs
    if let index = grants.lastIndex(where: { $0.id == id }), grants[index].extent === extent {
      if isPinned, !grants[index].isPinned {
        grants[index].isPinned = true
        extent.pins += 1
      }
      return
    }
    grants.append((id, extent, isPinned))
    extent.grants += 1
    if isPinned { extent.pins += 1 }
  }

  /// Ends the newest grant of an id.
  func takeBack(_ id: ObjectID) -> Bool {
    guard let index = grants.lastIndex(where: { $0.id == id }) else { return false }
    end(at: index)
    return true
  }

  func end(at index: Int) {
    let grant = grants.remove(at: index)
    grant.extent.grants -= 1
    if grant.isPinned { grant.extent.pins -= 1 }
  }

  func endAll() { while !grants.isEmpty { end(at: grants.count - 1) } }
}
