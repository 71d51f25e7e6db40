/// Divides the byte range of an arena into extents: two-level segregated fit, with all bookkeeping outside the
/// shared memory so that no client can corrupt it.
///
/// Freed neighbours are joined at once, and each size class hands out its most recently freed extent first, whose
/// pages are the warmest. Offsets and sizes are multiples of ``granularity`` bytes.
public struct ExtentAllocator {
  /// Bytes; the smallest extent and the smallest alignment.
  public static let granularity: UInt64 = 64

  struct Node {
    var offset: UInt64
    var size: UInt64
    var isFree: Bool
    /// Neighbours in the address space.
    var lower: Int32
    var upper: Int32
    /// Neighbours in the list of the size class, for free nodes.
    var previous: Int32
    var next: Int32
  }

  static let none: Int32 = -1
  private static let subdivisionBits: UInt64 = 4
  private static let subdivisions = 1 << 4
  private static let rows = 48
  /// Number of extents of one class looked at before a larger class is tried.
  private static let examined = 8

  private(set) var nodes: ContiguousArray<Node> = []
  private var unusedNodes: ContiguousArray<Int32> = []
  private(set) var heads = ContiguousArray(repeating: none, count: rows * subdivisions)
  private var rowBits: UInt64 = 0
  private var columnBits = ContiguousArray<UInt32>(repeating: 0, count: rows)

  /// - Parameter length: bytes of the arena, a multiple of ``granularity``.
  public init(length: UInt64) {
    precondition(length % Self.granularity == 0 && length > 0)
    let node = makeNode(offset: 0, size: length, lower: Self.none, upper: Self.none)
    insert(node)
  }

  /// Rounds a size up to the bytes that an extent of it occupies; nil when that overflows.
  public static func rounded(_ size: UInt64) -> UInt64? {
    let (sum, overflow) = max(size, 1).addingReportingOverflow(granularity - 1)
    return overflow ? nil : sum & ~(granularity - 1)
  }

  /// Takes an extent of `size` bytes (rounded up) that starts at a multiple of `alignment`.
  ///
  /// - Returns: a handle for ``free(_:)`` and the byte offset, or nil when no free extent is large enough.
  public mutating func allocate(size: UInt64, alignment: UInt64) -> (handle: Int32, offset: UInt64)? {
    guard let size = Self.rounded(size), size <= 1 << 52 else { return nil }
    guard let node = findFit(size, alignment) else { return nil }
    ensure(nodes[Int(node)].isFree, "the extent at \(nodes[Int(node)].offset) is listed as free but taken")
    remove(node)
    let offset = Self.aligned(nodes[Int(node)].offset, alignment)
    let gap = offset - nodes[Int(node)].offset
    var taken = node
    if gap > 0 {
      taken = split(node, at: gap)
      insert(node)
    }
    if nodes[Int(taken)].size > size {
      let rest = split(taken, at: size)
      insert(rest)
    }
    nodes[Int(taken)].isFree = false
    return (taken, offset)
  }

  /// Gives an extent back.
  public mutating func free(_ handle: Int32) {
    ensure(!nodes[Int(handle)].isFree, "the extent at \(nodes[Int(handle)].offset) is freed twice")
    var node = handle
    nodes[Int(node)].isFree = true
    let lower = nodes[Int(node)].lower
    if lower != Self.none, nodes[Int(lower)].isFree {
      remove(lower)
      join(lower, node)
      node = lower
    }
    let upper = nodes[Int(node)].upper
    if upper != Self.none, nodes[Int(upper)].isFree {
      remove(upper)
      join(node, upper)
    }
    insert(node)
  }

  /// Gives back the tail of an extent behind `size` bytes (rounded up).
  public mutating func shrink(_ handle: Int32, to size: UInt64) {
    guard let size = Self.rounded(size), size < nodes[Int(handle)].size else { return }
    let tail = split(handle, at: size)
    nodes[Int(tail)].isFree = false
    free(tail)
  }

  /// Bytes the extent occupies.
  public func size(_ handle: Int32) -> UInt64 { nodes[Int(handle)].size }

  /// Bytes of the largest free extent.
  public var largestFree: UInt64 {
    guard rowBits != 0 else { return 0 }
    let row = 63 - rowBits.leadingZeroBitCount
    let column = 31 - columnBits[row].leadingZeroBitCount
    var largest: UInt64 = 0
    var node = heads[row * Self.subdivisions + column]
    while node != Self.none {
      largest = max(largest, nodes[Int(node)].size)
      node = nodes[Int(node)].next
    }
    return largest
  }

  // MARK: - Size classes

  private static func aligned(_ offset: UInt64, _ alignment: UInt64) -> UInt64 {
    (offset + alignment - 1) & ~(alignment - 1)
  }

  private static func sizeClass(_ size: UInt64) -> (row: Int, column: Int) {
    let units = size / granularity
    if units < UInt64(subdivisions) { return (0, Int(units)) }
    let exponent = UInt64(63 - units.leadingZeroBitCount)
    let column = Int((units >> (exponent - subdivisionBits)) & UInt64(subdivisions - 1))
    return (Int(exponent - subdivisionBits) + 1, column)
  }

  private func fits(_ node: Int32, _ size: UInt64, _ alignment: UInt64) -> Bool {
    let candidate = nodes[Int(node)]
    let gap = Self.aligned(candidate.offset, alignment) - candidate.offset
    return candidate.size >= gap && candidate.size - gap >= size
  }

  private func findFit(_ size: UInt64, _ alignment: UInt64) -> Int32? {
    let exact = Self.sizeClass(size)
    var (row, column) = exact
    while let found = nextClass(row, column) {
      (row, column) = found
      if let node = firstFit(row, column, size, alignment, limit: Self.examined) { return node }
      column += 1
    }
    return firstFit(exact.row, exact.column, size, alignment, limit: .max)
  }

  private func firstFit(_ row: Int, _ column: Int, _ size: UInt64, _ alignment: UInt64, limit: Int) -> Int32? {
    var node = heads[row * Self.subdivisions + column]
    var examined = 0
    while node != Self.none, examined < limit {
      if fits(node, size, alignment) { return node }
      node = nodes[Int(node)].next
      examined += 1
    }
    return nil
  }

  /// The first class at or above the given one that has a free extent.
  private func nextClass(_ row: Int, _ column: Int) -> (Int, Int)? {
    guard row < Self.rows else { return nil }
    if column < Self.subdivisions {
      let bits = columnBits[row] >> UInt32(column)
      if bits != 0 { return (row, column + bits.trailingZeroBitCount) }
    }
    guard row + 1 < Self.rows else { return nil }
    let upperRows = rowBits >> UInt64(row + 1)
    guard upperRows != 0 else { return nil }
    let next = row + 1 + upperRows.trailingZeroBitCount
    return (next, columnBits[next].trailingZeroBitCount)
  }

  private mutating func insert(_ node: Int32) {
    nodes[Int(node)].isFree = true
    let (row, column) = Self.sizeClass(nodes[Int(node)].size)
    let list = row * Self.subdivisions + column
    let head = heads[list]
    nodes[Int(node)].previous = Self.none
    nodes[Int(node)].next = head
    if head != Self.none { nodes[Int(head)].previous = node }
    heads[list] = node
    columnBits[row] |= 1 << UInt32(column)
    rowBits |= 1 << UInt64(row)
  }

  private mutating func remove(_ node: Int32) {
    let (row, column) = Self.sizeClass(nodes[Int(node)].size)
    let list = row * Self.subdivisions + column
    let (previous, next) = (nodes[Int(node)].previous, nodes[Int(node)].next)
    if previous == Self.none { heads[list] = next } else { nodes[Int(previous)].next = next }
    if next != Self.none { nodes[Int(next)].previous = previous }
    if heads[list] == Self.none {
      columnBits[row] &= ~(1 << UInt32(column))
      if columnBits[row] == 0 { rowBits &= ~(1 << UInt64(row)) }
    }
  }

  // MARK: - Address space

  private mutating func makeNode(offset: UInt64, size: UInt64, lower: Int32, upper: Int32) -> Int32 {
    let node = Node(
      offset: offset, size: size, isFree: true, lower: lower, upper: upper, previous: Self.none, next: Self.none)
    if let reused = unusedNodes.popLast() {
      nodes[Int(reused)] = node
      return reused
    }
    nodes.append(node)
    return Int32(nodes.count - 1)
  }

  /// Cuts a node after `size` bytes and returns the upper part, which is in no list.
  private mutating func split(_ node: Int32, at size: UInt64) -> Int32 {
    let whole = nodes[Int(node)]
    ensure(size > 0 && size < whole.size, "an extent of \(whole.size) bytes is cut after \(size)")
    let upper = makeNode(offset: whole.offset + size, size: whole.size - size, lower: node, upper: whole.upper)
    if whole.upper != Self.none { nodes[Int(whole.upper)].lower = upper }
    nodes[Int(node)].upper = upper
    nodes[Int(node)].size = size
    return upper
  }

  private mutating func join(_ lower: Int32, _ upper: Int32) {
    ensure(
      nodes[Int(lower)].offset + nodes[Int(lower)].size == nodes[Int(upper)].offset,
      "the extents at \(nodes[Int(lower)].offset) and \(nodes[Int(upper)].offset) are joined but do not meet")
    nodes[Int(lower)].size += nodes[Int(upper)].size
    let above = nodes[Int(upper)].upper
    nodes[Int(lower)].upper = above
    if above != Self.none { nodes[Int(above)].lower = lower }
    unusedNodes.append(upper)
  }
}
