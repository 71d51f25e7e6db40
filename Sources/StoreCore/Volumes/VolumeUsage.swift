import StoreProtocol

/// A copy of a blob of another store that clients of a volume map.
struct MappedCopy {
  /// Number of grants to them.
  var grants: Int
  let bytes: UInt64
}

/// Memory that a volume may take of the store, and memory that it has taken.
///
/// Every blob of the volume points to its usage and counts there in full, also when several blobs share their bytes.
public final class VolumeUsage {
  /// Most bytes its blobs may take; `UInt64.max` for as much as the store has.
  public internal(set) var limit: UInt64
  /// Bytes of the limit that this store may use without asking the others that have the volume; nil where nobody has.
  public internal(set) var granted: UInt64?
  /// Bytes of its blobs.
  public private(set) var used: UInt64 = 0
  /// Whether the bytes of its deleted blobs may be taken back from clients that were given them.
  let reusesDeleted: Bool
  /// Whether its blobs and objects lie among those of others, so that they have to be listed here.
  let sharesRootSession: Bool
  /// The blobs of the volume; empty unless ``sharesRootSession``.
  private(set) var blobs = SortedSet<ObjectID>()
  /// The objects of the volume; empty unless ``sharesRootSession``.
  private(set) var objects = SortedSet<ObjectID>()
  /// Names of its objects; 0 unless ``sharesRootSession``.
  private(set) var nameCount = 0
  /// The streams made through it; empty unless ``sharesRootSession``.
  private(set) var streams = SortedSet<ObjectID>()
  /// Copies of what other stores have that its clients map.
  private(set) var mapped = SortedTable<ExtentID, MappedCopy>()
  /// Bytes of these copies, which are outside of ``limit``.
  public private(set) var mappedBytes: UInt64 = 0
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
  ///
  /// - Parameter retained: bytes that count besides those of its blobs.
  func admits(_ size: UInt64, besides retained: UInt64 = 0) -> Bool {
    let most = granted ?? limit
    return size <= most && retained <= most - size && used <= most - size - retained
  }

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

  /// Notes that a blob became smaller.
  func refundTail(_ size: UInt64) {
    ensure(size <= used, "\(size) bytes are paid back to a volume that is charged \(used)")
    used -= size
    wasRefused = false
  }

  // MARK: - Copies

  /// Whether a client may map a copy of so many bytes, when its clients may map so much.
  func admitsCopy(_ extent: ExtentID, _ bytes: UInt64, within limit: UInt64) -> Bool {
    mapped[extent] != nil || bytes <= limit && mappedBytes <= limit - bytes
  }

  /// A client of the volume was given a copy.
  func map(_ extent: ExtentID, _ bytes: UInt64) {
    if mapped[extent] == nil { mappedBytes += bytes }
    mapped[extent] = MappedCopy(grants: (mapped[extent]?.grants ?? 0) + 1, bytes: bytes)
  }

  /// A client of the volume lets go of an extent, which need not be a copy.
  func unmap(_ extent: ExtentID) {
    guard let copy = mapped[extent] else { return }
    if copy.grants > 1 { mapped[extent]?.grants -= 1 } else { forgetCopy(extent) }
  }

  /// Counts an extent as a copy no more.
  func forgetCopy(_ extent: ExtentID) {
    guard let copy = mapped.removeValue(forKey: extent) else { return }
    ensure(copy.bytes <= mappedBytes, "\(copy.bytes) bytes of copies are let go, \(mappedBytes) are mapped")
    mappedBytes -= copy.bytes
  }

  /// Notes that a blob got another id.
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

extension Store {
  /// Charges a blob to a volume.
  func charge(_ size: UInt64, for blob: ObjectID, to volume: Volume) {
    volume.usage.charge(size, for: blob)
    if !volume.isWritten { noteFirstWrite(volume) }
  }

  /// Notes that a volume has contents, the first time.
  func noteFirstWrite(_ volume: Volume) {
    volume.usage.isWritten = true
    volume.hasLostContents = false
    outbox.add(.save(volume))
  }

  /// The fault of a volume, as a sentence for people; nil while all is well.
  public func condition(of volume: Volume) -> String? {
    if volume.hasLostContents {
      let time = volume.lostContentsAt.map { " at \(configuration.timeText($0))" } ?? ""
      let what = volume.isShared ? "what was written through it before" : "what was written before"
      return "the store was restarted\(time) and \(what) is lost: write it again"
    }
    if let failure = volume.fillFailure { return failure.message }
    let usage = volume.usage
    let isNearlyFull = usage.limit != .max && usage.used >= usage.limit - usage.limit / 20
    guard volume.kind == .volume, usage.wasRefused || isNearlyFull else { return nil }
    let limit = volume.settings.quota == 0 ? "" : " of \(volume.settings.quota)"
    return "\(usage.wasRefused ? "an object did not fit" : "nearly full"): \(usage.used)\(limit) bytes are in use"
  }

  /// The refusal of an allocation that a volume may not make.
  ///
  /// - Parameter client: who asks, which may be among those that keep memory.
  func quotaExceeded(_ size: UInt64, by volume: Volume, for client: Client? = nil) -> StoreError {
    volume.usage.wasRefused = true
    var message =
      "Failed to allocate memory of size \(size): volume '\(volume.id)' may have \(volume.usage.limit) bytes and "
      + "\(volume.usage.used) are in use"
    let retained = retained(by: volume)
    if retained > 0 {
      message +=
        ", \(retained) more are deleted but still mapped by its clients "
        + "(\(holders(for: client, ofTenant: volume.session.tenant))), and come back when these disconnect or call memory_trim"
    }
    let largest = largestObjects(of: volume)
    if !largest.isEmpty { message += "; largest: " + largest.joined(separator: ", ") }
    message += "; delete what is not needed any more, or expand the volume's claim"
    return StoreError(.notEnoughMemory, message)
  }
}
