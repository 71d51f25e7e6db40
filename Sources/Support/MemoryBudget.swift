/// Parts of the memory that a store is given.
///
/// The only place where this is computed: the store keeps to it, and the memory of its container follows from it.
public struct MemoryBudget: Sendable, Equatable {
  /// Bytes that blobs may take.
  public let size: UInt64
  /// Bytes of shared memory that may have pages at the same time: blobs, what rounding to pages and fragmentation add,
  /// and the warm reserve.
  public let pages: UInt64
  /// Bytes of `pages` that are kept warm ahead of the allocations.
  public let reserve: UInt64
  /// Bytes of heap for metadata, names, streams and connections.
  public let heap: UInt64
  /// Bytes of all parts together, with those of the program itself and of the kernel's books about the pages.
  public let total: UInt64

  /// The least that each part gets whatever the size is, in bytes.
  private struct Floors {
    /// The program: its heap at rest, stacks, and the health checks that run beside it.
    var program: UInt64 = 40 << 20
    var slack: UInt64 = 32 << 20
    var heap: UInt64 = 64 << 20

    static let usual = Floors()

    /// Smaller ones for containers in which the usual ones would leave nothing for blobs.
    static func fitting(_ given: UInt64) -> Floors {
      Floors(
        program: min(usual.program, given / 5), slack: min(usual.slack, given / 8), heap: min(usual.heap, given / 4))
    }
  }

  /// Bytes of a huge page, in which shared memory is counted.
  private static let page: UInt64 = 2 << 20
  /// The smallest store, in bytes.
  public static let minimum: UInt64 = 4096
  /// Beyond this many bytes nothing is computed any more.
  private static let largest: UInt64 = 1 << 56

  /// Budget of a store of `size` bytes.
  public init(size: UInt64) { self.init(size: size, .usual, heap: nil) }

  /// The largest store that fits into `given` bytes; one of `requested` bytes if that fits.
  ///
  /// The rest is for the heap.
  public init(given: UInt64, requested: UInt64? = nil) {
    let given = min(given, Self.largest)
    let floors = Floors.fitting(given)
    let fits = { (size: UInt64) in Self(size: size, floors, heap: nil).total <= given }
    var size = requested.map { max($0, Self.minimum) } ?? .max
    if !fits(size) {
      var (low, high): (UInt64, UInt64) = (0, given / Self.page)
      while low < high {
        let middle = (low + high + 1) / 2
        if fits(middle * Self.page) { low = middle } else { high = middle - 1 }
      }
      size = max(low * Self.page, Self.minimum)
    }
    let least = Self(size: size, floors, heap: nil)
    self.init(size: size, floors, heap: least.heap + (given > least.total ? given - least.total : 0))
  }

  private init(size: UInt64, _ floors: Floors, heap: UInt64?) {
    self.size = size
    let blobs = min(size, Self.largest)
    pages = Self.rounded(blobs) + Self.rounded(max(blobs / 16, floors.slack))
    reserve = min(Self.rounded(min(blobs / 4, 1 << 30)), pages)
    self.heap = heap ?? max(min(blobs / 16, 4 << 30), floors.heap)
    // The kernel's index of the file and page tables: 17 bytes for each page of 4 KiB.
    total = size > Self.largest ? .max : floors.program + pages + pages / 128 + self.heap
  }

  private static func rounded(_ bytes: UInt64) -> UInt64 { (bytes + page - 1) / page * page }
}
