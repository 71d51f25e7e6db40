import StoreProtocol

/// Memory that a volume may take of the store, and memory that it has taken.
///
/// Every blob of the volume points to its usage and counts there in full, also when several blobs share their bytes.
public final class VolumeUsage {
  /// Most bytes its blobs may take; `UInt64.max` for as much as the store has.
  public internal(set) var limit: UInt64
  /// Bytes of its blobs.
  public private(set) var used: UInt64 = 0
  /// Whether the bytes of its deleted blobs may be taken back from clients that were given them.
  let reusesDeleted: Bool
  /// Whether its blobs and objects lie among those of others, so that they have to be listed here.
  let sharesRootSession: Bool
  /// The blobs it pays for; empty unless ``sharesRootSession``.
  private(set) var blobs = SortedSet<ObjectID>()
  /// The objects of the volume; empty unless ``sharesRootSession``.
  private(set) var objects = SortedSet<ObjectID>()
  /// Names of its objects; 0 unless ``sharesRootSession``.
  private(set) var nameCount = 0
  /// The streams made through it; empty unless ``sharesRootSession``.
  private(set) var streams = SortedSet<ObjectID>()
  /// Whether an allocation was refused since bytes were last given back.
  var wasRefused = false
  /// Whether anything was ever written.
  var isWritten = false

  init(limit: UInt64, sharesRootSession: Bool, reusesDeleted: Bool) {
    self.limit = limit
    self.reusesDeleted = reusesDeleted
    self.sharesRootSession = sharesRootSession
  }

  /// Whether a blob of `size` bytes fits in what is left.
  func admits(_ size: UInt64) -> Bool { size <= limit && used <= limit - size }

  /// Whether `size` bytes more are beyond a percentage of the limit.
  func isFull(_ size: UInt64, _ percentage: UInt64) -> Bool {
    let (wanted, overflow) = used.addingReportingOverflow(size)
    return overflow || limit != .max && wanted > limit / 100 * percentage
  }

  func charge(_ size: UInt64, for blob: ObjectID) {
    used += size
    if sharesRootSession { blobs.insert(blob) }
  }

  func refund(_ size: UInt64, for blob: ObjectID) {
    ensure(size <= used, "\(size) bytes of \(blob) are paid back to a volume that is charged \(used)")
    used -= size
    wasRefused = false
    if sharesRootSession { blobs.remove(blob) }
  }

  /// A blob it pays for became smaller.
  func refundTail(_ size: UInt64) {
    ensure(size <= used, "\(size) bytes are paid back to a volume that is charged \(used)")
    used -= size
    wasRefused = false
  }

  /// A blob it pays for got another id.
  func rename(_ blob: ObjectID, to newID: ObjectID) {
    guard sharesRootSession, blobs.remove(blob) else { return }
    blobs.insert(newID)
  }

  /// Bytes of heap of the things it lists, estimated from their numbers alone.
  var heapBytes: Int { blobs.count * 256 + objects.count * 1024 + streams.count * 320 }

  func add(stream: ObjectID) { streams.insert(stream) }

  func remove(stream: ObjectID) { streams.remove(stream) }

  func add(_ object: ObjectID) { objects.insert(object) }

  func remove(_ object: ObjectID) { objects.remove(object) }

  /// One of its objects got a name, or lost one.
  func countNames(_ change: Int) {
    nameCount += change
    ensure(nameCount >= 0, "a volume's objects have \(nameCount) names")
  }

  /// Gives away the list of its objects, all of which are gone with their names.
  func takeObjects() -> SortedSet<ObjectID> {
    defer {
      objects = SortedSet()
      nameCount = 0
    }
    return objects
  }
}
