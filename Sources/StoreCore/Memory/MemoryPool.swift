import StoreProtocol

/// A piece of a memory file that blobs and connections hold on to.
public struct ExtentID: Hashable, Comparable, Sendable {
  let slot: Int32

  public static func < (left: ExtentID, right: ExtentID) -> Bool { left.slot < right.slot }
}

/// The bytes of the store: which are taken, by how many holders, against which limit.
///
/// An extent lives while a blob or a client that was given it holds it. Bytes of live blobs are *used*; bytes
/// whose blobs are gone while a client still maps them are *retained*. Those that may be used again are so, the ones
/// deleted longest ago first, when the store takes them back with ``reclaim(_:)``.
public struct MemoryPool {
  struct Extent {
    /// Slot of its file.
    var file: Int32 = 0
    /// Whether it lies in the part of the file for small blobs.
    var isSmall = false
    var handle: Int32
    /// Addresses of its bytes.
    var range: ByteRange
    /// Bytes the blobs of this extent asked for.
    var charged: UInt64
    /// Blobs that live in it; -1 once nobody has it.
    var blobs: Int32
    /// Clients that were given it, once for each grant.
    var holders: [UInt64] = []
    /// Grants that may not be taken back.
    var pins: Int32 = 0
    /// Whether one of its blobs was deleted where deleted memory is kept.
    var isKept = false
    /// The last blob that lived in it.
    var lastBlob = ObjectID.invalid
    /// Neighbours in the list of retained extents.
    var previous = none
    var next = none

    /// Whether it may be taken back while connections hold it, once its blobs are gone.
    var isReusable: Bool { !isKept && pins == 0 }

    /// Whether neither a blob nor a client has it, so that its bytes are somebody else's.
    var isUnused: Bool { blobs < 0 }
  }

  /// Retained extents in the order in which their blobs were deleted.
  struct ExtentList {
    var first = none
    var last = none
    /// Bytes of all.
    var bytes: UInt64 = 0
  }

  static let none: Int32 = -1

  /// Blobs of this size and more start at a block boundary, if little is lost by that.
  private static let blockAlignedSize = Residency.blockSize

  /// Files by their slots; nil in slots that are to be used again.
  var files: ContiguousArray<MemoryFile?> = []
  /// Files of tenants that may allocate, and what they keep.
  var tenants: [UInt64: MemoryTenant] = [:]
  /// Number of the last file.
  var lastFile = 0
  /// First addresses of files that are gone, by their lengths.
  var freeAddresses: [UInt64: [UInt64]] = [:]
  /// Whether there are volumes that get files of their own.
  var expectsTenants = false
  /// Whether each tenant has files of its own, and small blobs pages of their own.
  let isSeparated: Bool
  /// Makes the memory file that is to have this place; false when the system has none to give.
  var openFile: (MemoryFilePlace) -> Bool = { _ in true }
  private(set) var extents: ContiguousArray<Extent> = []
  private(set) var unusedSlots: ContiguousArray<Int32> = []
  public var residency: Residency

  /// Bytes that live and retained blobs may take together.
  public let limit: UInt64
  /// Bytes of live blobs, as requested.
  public private(set) var used: UInt64 = 0
  private(set) var keptExtents = ExtentList()
  private(set) var reusableExtents = ExtentList()

  /// Bytes of deleted blobs that connections still map.
  public var retained: UInt64 { keptExtents.bytes + reusableExtents.bytes }
  /// Retained bytes that may be taken back.
  public var reusable: UInt64 { reusableExtents.bytes }

  /// - Parameters:
  ///   - length: bytes of the first file; more than `limit` leaves room against fragmentation.
  ///   - limit: bytes that blobs may take.
  ///   - commit: bytes that may have pages at the same time; nil for all of the first file.
  ///   - reserve: bytes kept warm ahead of the allocations.
  ///   - separated: whether each tenant gets files of its own, and small blobs pages of their own.
  public init(
    length: UInt64, limit: UInt64, commit: UInt64? = nil, reserve: UInt64, populate: PopulateMode,
    separated: Bool = false
  ) {
    residency = Residency(length: length, commit: commit ?? length, reserve: reserve, mode: populate)
    self.limit = limit
    isSeparated = separated
    lastFile = Self.firstKey
    files.append(
      MemoryFile(MemoryFilePlace(key: Self.firstKey, start: 0, length: length), of: 0, separatesSizes: separated))
    tenants[0] = MemoryTenant(files: [0])
    if let first = files[0], first.small != nil { residency.separateSizes(at: first.smallStart) }
  }

  /// Bytes of the largest blob that could be created now outside of volumes.
  public var largestFree: UInt64 {
    let left = limit - min(limit, used + retained)
    if isSeparated { return min(left, residency.freeBytes) }
    return min(left, files[0]?.large.largestFree ?? 0)
  }

  /// Takes bytes for one blob.
  ///
  /// - Parameters:
  ///   - owner: whose bytes may still be in it; those of all others are to be zeroed before it is given out.
  ///   - tenant: whose files it is to be in.
  /// - Returns: nil when the limit or the fragmentation of the files doesn't allow it.
  public mutating func allocate(_ size: UInt64, for owner: UInt64 = 0, in tenant: UInt64 = 0) -> ExtentID? {
    let (taken, overflow) = (used + retained).addingReportingOverflow(size)
    guard !overflow, taken <= limit else { return nil }
    guard let place = place(size, in: isSeparated ? tenant : 0) else { return nil }
    let range = place.range
    guard residency.retain(range, for: owner, in: Int(place.file)) else {
      giveBack(place.handle, place.file, isSmall: place.isSmall)
      return nil
    }
    used += size
    files[Int(place.file)]?.extents += 1
    ensure(used + retained <= limit, "\(used) bytes used and \(retained) retained are more than \(limit)")
    let extent = Extent(
      file: place.file, isSmall: place.isSmall, handle: place.handle, range: range, charged: size, blobs: 1)
    if let slot = unusedSlots.popLast() {
      ensure(extents[Int(slot)].isUnused, "the extent at \(extents[Int(slot)].range.offset) is given out twice")
      extents[Int(slot)] = extent
      return ExtentID(slot: slot)
    }
    extents.append(extent)
    return ExtentID(slot: Int32(extents.count - 1))
  }

  static func alignment(_ size: UInt64) -> UInt64 {
    guard size >= blockAlignedSize else { return ExtentAllocator.granularity }
    let tail = size % Residency.blockSize
    let waste = tail == 0 ? 0 : Residency.blockSize - tail
    return waste <= size / 8 ? Residency.blockSize : ExtentAllocator.granularity
  }

  public func range(_ id: ExtentID) -> ByteRange { extents[Int(id.slot)].range }

  /// Bytes that each blob of the extent asked for.
  func charged(_ id: ExtentID) -> UInt64 { extents[Int(id.slot)].charged }

  /// Number of grants of the extent.
  public func readers(_ id: ExtentID) -> Int { extents[Int(id.slot)].holders.count }

  /// Whether nobody but one client was given the extent.
  func isHeldByNone(but client: UInt64, _ id: ExtentID) -> Bool {
    extents[Int(id.slot)].holders.allSatisfy { $0 == client }
  }

  /// A client was given the extent and may map it until it lets go.
  ///
  /// - Parameter isPinned: whether the grant may not be taken back.
  public mutating func addReader(_ id: ExtentID, by client: UInt64 = 0, isPinned: Bool = false) {
    requireLive(id)
    extents[Int(id.slot)].holders.append(client)
    if isPinned { extents[Int(id.slot)].pins += 1 }
  }

  /// Whether the blobs of an extent are gone.
  func isRetained(_ id: ExtentID) -> Bool { extents[Int(id.slot)].blobs == 0 }

  /// Ends a grant.
  public mutating func removeReader(_ id: ExtentID, by client: UInt64 = 0, isPinned: Bool = false) {
    requireLive(id)
    let slot = Int(id.slot)
    let wasReusable = extents[slot].isReusable
    guard let index = extents[slot].holders.lastIndex(of: client) else {
      return ensure(false, "client \(client) ends a grant of \(extents[slot].range.offset) that it never had")
    }
    extents[slot].holders.swapAt(index, extents[slot].holders.count - 1)
    extents[slot].holders.removeLast()
    if isPinned { extents[slot].pins -= 1 }
    ensure(extents[slot].pins >= 0, "the extent at \(extents[slot].range.offset) has \(extents[slot].pins) pins")
    guard extents[slot].blobs == 0 else { return }
    let isReusable = extents[slot].isReusable
    if extents[slot].holders.isEmpty {
      unlink(id.slot, isReusable: wasReusable)
      drop(id)
    } else if isReusable != wasReusable {
      unlink(id.slot, isReusable: wasReusable)
      link(id.slot, isReusable: isReusable)
    }
  }

  /// One more blob shares the extent.
  public mutating func addBlob(_ id: ExtentID) {
    ensure(extents[Int(id.slot)].blobs > 0, "a blob shares the extent at \(range(id).offset), which has none")
    extents[Int(id.slot)].blobs += 1
  }

  /// A blob of the extent is gone.
  ///
  /// - Parameter reuses: whether its bytes may be taken back from clients that have grants.
  public mutating func removeBlob(_ id: ExtentID, called blob: ObjectID = .invalid, reuses: Bool = false) {
    let slot = Int(id.slot)
    ensure(extents[slot].blobs > 0, "the blob \(blob) is removed twice from \(extents[slot].range.offset)")
    extents[slot].blobs -= 1
    if !reuses { extents[slot].isKept = true }
    guard extents[slot].blobs == 0 else { return }
    ensure(used >= extents[slot].charged, "\(extents[slot].charged) bytes are freed of \(used)")
    used -= extents[slot].charged
    extents[slot].lastBlob = blob
    if extents[slot].holders.isEmpty { drop(id) } else { link(id.slot, isReusable: extents[slot].isReusable) }
  }

  private func requireLive(_ id: ExtentID) {
    ensure(!extents[Int(id.slot)].isUnused, "the extent at \(range(id).offset) is used after it was freed")
  }

  private mutating func drop(_ id: ExtentID) {
    requireLive(id)
    extents[Int(id.slot)].blobs = -1
    let extent = extents[Int(id.slot)]
    residency.release(extent.range, in: Int(extent.file))
    giveBack(extent.handle, extent.file, isSmall: extent.isSmall)
    extents[Int(id.slot)].holders = []
    unusedSlots.append(id.slot)
    noteDropped(from: Int(extent.file))
  }

  // MARK: - Retained extents

  /// Whether bytes would fit in the limit if everything that may be taken back were.
  func couldFit(_ size: UInt64) -> Bool {
    let (taken, overflow) = (used + keptExtents.bytes).addingReportingOverflow(size)
    return !overflow && taken <= limit
  }

  /// The extent that was deleted longest ago among those that may be taken back.
  var oldestReusable: ExtentID? {
    reusableExtents.first == Self.none ? nil : ExtentID(slot: reusableExtents.first)
  }

  /// Frees a retained extent, although clients hold it.
  ///
  /// - Returns: the connections that were given it, the last blob that lived in it, and its bytes.
  mutating func reclaim(_ id: ExtentID) -> (holders: [UInt64], blob: ObjectID, bytes: UInt64) {
    let extent = extents[Int(id.slot)]
    ensure(extent.blobs == 0 && extent.isReusable, "the extent at \(extent.range.offset) is taken back while in use")
    unlink(id.slot, isReusable: true)
    drop(id)
    return (extent.holders, extent.lastBlob, extent.charged)
  }

  /// Retained extents with their holders, first the ones that are kept.
  ///
  /// - Parameters:
  ///   - limit: how many are looked at.
  ///   - tenant: whose files they are in; nil for all.
  func retainedExtents(atMost limit: Int, ofTenant tenant: UInt64? = nil) -> [(holders: [UInt64], bytes: UInt64)] {
    var found: [(holders: [UInt64], bytes: UInt64)] = []
    var examined = 0
    for list in [keptExtents, reusableExtents] {
      var slot = list.first
      while slot != Self.none, examined < limit {
        let extent = extents[Int(slot)]
        if tenant == nil || files[Int(extent.file)]?.tenant == tenant { found.append((extent.holders, extent.charged)) }
        examined += 1
        slot = extent.next
      }
    }
    return found
  }

  private mutating func link(_ slot: Int32, isReusable: Bool) {
    var list = isReusable ? reusableExtents : keptExtents
    extents[Int(slot)].previous = list.last
    extents[Int(slot)].next = Self.none
    if list.last == Self.none { list.first = slot } else { extents[Int(list.last)].next = slot }
    list.last = slot
    list.bytes += extents[Int(slot)].charged
    noteRetained(extents[Int(slot)].charged, in: Int(extents[Int(slot)].file))
    if isReusable { reusableExtents = list } else { keptExtents = list }
  }

  private mutating func unlink(_ slot: Int32, isReusable: Bool) {
    var list = isReusable ? reusableExtents : keptExtents
    let (previous, next) = (extents[Int(slot)].previous, extents[Int(slot)].next)
    if previous == Self.none { list.first = next } else { extents[Int(previous)].next = next }
    if next == Self.none { list.last = previous } else { extents[Int(next)].previous = previous }
    list.bytes -= extents[Int(slot)].charged
    noteUnretained(extents[Int(slot)].charged, in: Int(extents[Int(slot)].file))
    if isReusable { reusableExtents = list } else { keptExtents = list }
  }

  // MARK: - Shrinking

  /// Reduces the bytes of an extent with a single blob; the tail is free for others at once.
  ///
  /// An extent has 64 bytes at least, and one that had a block or more stays charged with a block: remains of large
  /// blobs lie far apart, and each takes the pages of one.
  /// - Returns: bytes that the extent is charged with now.
  @discardableResult
  public mutating func shrink(_ id: ExtentID, to size: UInt64) -> UInt64 {
    let old = extents[Int(id.slot)].charged
    ensure(extents[Int(id.slot)].blobs == 1, "\(extents[Int(id.slot)].blobs) blobs are shrunk at once")
    let charged = old >= Residency.blockSize ? max(size, Residency.blockSize) : size
    ensure(charged <= old && old - charged <= used, "a blob of \(old) bytes is shrunk to \(charged), of \(used)")
    used -= old - charged
    extents[Int(id.slot)].charged = charged
    cutTail(id, to: size)
    return charged
  }

  private mutating func cutTail(_ id: ExtentID, to size: UInt64) {
    let (old, file) = (extents[Int(id.slot)].range, Int(extents[Int(id.slot)].file))
    let length = shrink(extents[Int(id.slot)].handle, file, isSmall: extents[Int(id.slot)].isSmall, to: size)
    let new = ByteRange(offset: old.offset, length: length)
    guard new.length < old.length else { return }
    // Retaining the remainder of a retained range first keeps its shared block from looking unused.
    _ = residency.retain(new, in: file)
    residency.release(old, in: file)
    extents[Int(id.slot)].range = new
  }
}
