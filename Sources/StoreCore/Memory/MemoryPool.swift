import StoreProtocol

/// A piece of the arena that blobs and connections hold on to.
public struct ExtentID: Hashable, Sendable {
  let slot: Int32
}

/// The bytes of the store: which are taken, by how many holders, against which limit.
///
/// An extent lives while a blob or a connection that was given it holds it. Bytes of live blobs are *used*; bytes
/// whose blobs are gone while a reader still maps them are *lingering* and are not handed out again.
public struct MemoryPool {
  struct Extent {
    var handle: Int32
    var range: ByteRange
    /// Bytes the blobs of this extent asked for.
    var charged: UInt64
    /// Blobs that live in it.
    var blobs: Int32
    /// Connections that were given it.
    var readers: Int32
  }

  /// Blobs of this size and more start at a chunk boundary, if little is lost by that.
  private static let chunkAlignedSize = Residency.chunkSize

  private(set) var allocator: ExtentAllocator
  private(set) var extents: ContiguousArray<Extent> = []
  private(set) var unusedSlots: ContiguousArray<Int32> = []
  public var residency: Residency

  /// Bytes that live and lingering blobs may take together.
  public let limit: UInt64
  /// Bytes of live blobs, as requested.
  public private(set) var used: UInt64 = 0
  /// Bytes of deleted blobs that connections still map.
  public private(set) var lingering: UInt64 = 0

  /// - Parameters:
  ///   - length: bytes of the arena; more than `limit` leaves room against fragmentation.
  ///   - limit: bytes that blobs may take.
  ///   - reserve: bytes kept warm ahead of the allocations.
  public init(length: UInt64, limit: UInt64, reserve: UInt64, populate: PopulateMode) {
    allocator = ExtentAllocator(length: length)
    residency = Residency(length: length, limit: limit, reserve: reserve, mode: populate)
    self.limit = limit
  }

  /// Bytes of the largest blob that could be created now.
  public var largestFree: UInt64 { min(limit - min(limit, used + lingering), allocator.largestFree) }

  /// Takes bytes for one blob.
  ///
  /// - Returns: nil when the limit or the fragmentation of the arena doesn't allow it.
  public mutating func allocate(_ size: UInt64) -> ExtentID? {
    let (taken, overflow) = (used + lingering).addingReportingOverflow(size)
    guard !overflow, taken <= limit else { return nil }
    guard
      let (handle, offset) = allocator.allocate(size: size, alignment: Self.alignment(size))
        ?? allocator.allocate(size: size, alignment: ExtentAllocator.granularity)
    else { return nil }
    let range = ByteRange(offset: offset, length: allocator.size(handle))
    guard residency.retain(range) else {
      allocator.free(handle)
      return nil
    }
    used += size
    let extent = Extent(handle: handle, range: range, charged: size, blobs: 1, readers: 0)
    if let slot = unusedSlots.popLast() {
      extents[Int(slot)] = extent
      return ExtentID(slot: slot)
    }
    extents.append(extent)
    return ExtentID(slot: Int32(extents.count - 1))
  }

  private static func alignment(_ size: UInt64) -> UInt64 {
    guard size >= chunkAlignedSize else { return ExtentAllocator.granularity }
    let tail = size % Residency.chunkSize
    let waste = tail == 0 ? 0 : Residency.chunkSize - tail
    return waste <= size / 8 ? Residency.chunkSize : ExtentAllocator.granularity
  }

  public func range(_ id: ExtentID) -> ByteRange { extents[Int(id.slot)].range }

  /// Bytes that each blob of the extent asked for.
  func charged(_ id: ExtentID) -> UInt64 { extents[Int(id.slot)].charged }

  /// How many connections were given the extent.
  public func readers(_ id: ExtentID) -> Int { Int(extents[Int(id.slot)].readers) }

  /// A connection was given the extent and may map it until it lets go.
  public mutating func addReader(_ id: ExtentID) { extents[Int(id.slot)].readers += 1 }

  /// Bytes of an extent whose blobs are gone; 0 while one lives.
  func lingering(_ id: ExtentID) -> UInt64 {
    extents[Int(id.slot)].blobs == 0 ? extents[Int(id.slot)].charged : 0
  }

  public mutating func removeReader(_ id: ExtentID) {
    extents[Int(id.slot)].readers -= 1
    if extents[Int(id.slot)].blobs == 0 { dropIfUnheld(id, wasLingering: true) }
  }

  /// One more blob shares the extent.
  public mutating func addBlob(_ id: ExtentID) { extents[Int(id.slot)].blobs += 1 }

  /// A blob of the extent is gone.
  public mutating func removeBlob(_ id: ExtentID) {
    extents[Int(id.slot)].blobs -= 1
    guard extents[Int(id.slot)].blobs == 0 else { return }
    let charged = extents[Int(id.slot)].charged
    used -= charged
    if extents[Int(id.slot)].readers > 0 { lingering += charged } else { dropIfUnheld(id, wasLingering: false) }
  }

  private mutating func dropIfUnheld(_ id: ExtentID, wasLingering: Bool) {
    let extent = extents[Int(id.slot)]
    guard extent.readers == 0 else { return }
    if wasLingering { lingering -= extent.charged }
    residency.release(extent.range)
    allocator.free(extent.handle)
    unusedSlots.append(id.slot)
  }

  /// Reduces what the single blob of an extent takes; the tail is free for others at once when `reuseTail`.
  public mutating func shrink(_ id: ExtentID, to size: UInt64, reuseTail: Bool) {
    used -= extents[Int(id.slot)].charged - size
    extents[Int(id.slot)].charged = size
    guard reuseTail else { return }
    let old = extents[Int(id.slot)].range
    allocator.shrink(extents[Int(id.slot)].handle, to: size)
    let new = ByteRange(offset: old.offset, length: allocator.size(extents[Int(id.slot)].handle))
    guard new.length < old.length else { return }
    // Retaining the remainder of a retained range first keeps its shared chunk from looking unused.
    _ = residency.retain(new)
    residency.release(old)
    extents[Int(id.slot)].range = new
  }
}
