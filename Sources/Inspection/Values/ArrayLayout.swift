/// Places of the first elements of an array in its blob, where one row follows the other: the clients of Python copy arrays
/// in this order, whatever the field `order_` says.
struct ArrayLayout {
  /// Elements of a row that are shown.
  static let mostColumns = 8

  let shape: [UInt64]
  let size: UInt64

  /// - Returns: nil for an array that no memory could hold.
  init?(shape: [UInt64], size: Int) {
    guard shape.count <= 32 else { return nil }
    var count = UInt64(size)
    for length in shape where length > 0 {
      let (product, overflow) = count.multipliedReportingOverflow(by: length)
      if overflow || product > 1 << 62 { return nil }
      count = product
    }
    self.shape = shape
    self.size = UInt64(size)
  }

  var isEmpty: Bool { shape.contains(0) }
  /// Elements with the same place on the first axis.
  var rowLength: UInt64 { shape.dropFirst().reduce(1, *) }
  /// Those of them that are shown.
  var columnCount: Int { Int(min(rowLength, UInt64(Self.mostColumns))) }

  func rowCount(_ limit: Int) -> Int { shape.first.map { Int(min($0, UInt64(limit))) } ?? 1 }

  /// The bytes to read, and for each row the offsets of its elements in what was read.
  func plan(rows limit: Int) -> (ranges: [Range<UInt64>], places: [[Int]]) {
    let (rows, columns) = (rowCount(limit), columnCount)
    let step = Int(size)
    if isEmpty { return ([], []) }
    let ranges = (0..<rows).map { row in
      let start = UInt64(row) * rowLength * size
      return start..<start + UInt64(columns) * size
    }
    let isWhole = columnCount == Int(exactly: rowLength)
    let joined = isWhole ? [ranges[0].lowerBound..<ranges[rows - 1].upperBound] : ranges
    return (joined, (0..<rows).map { row in (0..<columns).map { (row * columns + $0) * step } })
  }
}
