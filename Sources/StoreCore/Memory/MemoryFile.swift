/// Place of a memory file in the address space of the store, which all its files divide among them.
///
/// An address is a byte of one file: `start` is the first one's. Addresses, unlike keys, are used again once the file
/// that had them is gone.
public struct MemoryFilePlace: Equatable, Sendable {
  /// Names the file on every connection. It is never given to another file.
  public let key: Int
  public let start: UInt64
  /// Bytes.
  public let length: UInt64

  public var addresses: ByteRange { ByteRange(offset: start, length: length) }
}

/// A memory file: whose it is, and which of its bytes are taken.
struct MemoryFile {
  /// Blobs below this size lie apart from the others, so that what is left of many small ones does not keep the pages
  /// from large ones.
  static let largeSize: UInt64 = 128 << 10

  let place: MemoryFilePlace
  /// The tenant that may allocate in it; nil for a spare one.
  var tenant: UInt64?
  /// Allocator of the bytes from the start on; of all where sizes are not kept apart.
  var large: ExtentAllocator
  /// Allocator of the bytes from `smallStart` on; nil where sizes are not kept apart.
  var small: ExtentAllocator?
  /// Offset in the file.
  let smallStart: UInt64
  /// Extents in it.
  var extents = 0
  /// Whether nothing is allocated in it any more, and it goes with its last extent.
  var isClosed = false

  init(_ place: MemoryFilePlace, of tenant: UInt64?, separatesSizes: Bool) {
    self.place = place
    self.tenant = tenant
    let half = place.length / 2 / Residency.blockSize * Residency.blockSize
    guard separatesSizes, half > 0 else {
      smallStart = place.length
      large = ExtentAllocator(length: place.length)
      return
    }
    smallStart = half
    large = ExtentAllocator(length: half)
    small = ExtentAllocator(length: place.length - half)
  }

  func isSmall(_ size: UInt64) -> Bool { small != nil && size < Self.largeSize }

  /// Takes bytes.
  ///
  /// - Returns: the handle of the extent and its first address; nil when there is no gap of the size.
  mutating func allocate(_ size: UInt64, isSmall: Bool) -> (handle: Int32, address: UInt64)? {
    if isSmall {
      guard let (handle, offset) = small?.allocate(size: size, alignment: ExtentAllocator.granularity) else {
        return nil
      }
      return (handle, place.start + smallStart + offset)
    }
    guard
      let (handle, offset) = large.allocate(size: size, alignment: MemoryPool.alignment(size))
        ?? large.allocate(size: size, alignment: ExtentAllocator.granularity)
    else { return nil }
    return (handle, place.start + offset)
  }
}

/// Memory of a tenant: a volume with a session of its own, or everybody else together (0).
struct MemoryTenant {
  /// Slots of its files, the oldest first.
  var files: [Int32]
  /// Whether it has got a spare file.
  var hadSpare = false
  /// Bytes of its deleted blobs that its clients still map.
  var retained: UInt64 = 0
}
