/// Merge sort of fields by their keys, in steps; of several fields with one key the last one stays.
///
/// Numbers of fields are sorted, and the fields put in order once in the end: moving a number costs next to nothing.
struct FieldSort {
  private typealias Field = MetadataDocument.Field

  private var unsorted: [MetadataDocument.Field]
  /// Numbers of fields, in sorted runs of `width`, and the runs of twice that width merged so far.
  private var order: [Int32] = []
  private var merged: [Int32] = []
  private var width = 1
  /// The next field of each of the two runs being merged, and where the first begins.
  private var start = 0
  private var left = 0
  private var right = 1
  /// The numbers whose fields are put in order.
  private var taken = 0
  /// The fields, once they are sorted.
  private(set) var fields: [MetadataDocument.Field] = []
  /// The fields, in whichever order they are.
  var remains: [MetadataDocument.Field] { fields + unsorted }
  /// Moves so far.
  private(set) var moves = 0

  /// Numbers that are written as fast as one is moved.
  private static let filledAtOnce = 64

  init(_ fields: [MetadataDocument.Field]) { unsorted = fields }

  /// - Parameter count: moves before resting.
  /// - Returns: whether the fields are sorted.
  mutating func advance(by count: Int) -> Bool {
    let (limit, overflow) = moves.addingReportingOverflow(count)
    let end = overflow ? .max : limit
    return fill(end) && merge(end) && takeInOrder(end)
  }

  private mutating func fill(_ limit: Int) -> Bool {
    while order.count < unsorted.count {
      if moves >= limit { return false }
      moves += 1
      let first = Int32(order.count)
      order.append(contentsOf: first..<min(first + Int32(Self.filledAtOnce), Int32(unsorted.count)))
    }
    return true
  }

  private mutating func merge(_ limit: Int) -> Bool {
    let count = order.count
    while width < count {
      while start < count {
        let middle = min(start + width, count)
        let end = min(middle + width, count)
        while left < middle || right < end {
          if moves >= limit { return false }
          moveOne(middle, end)
        }
        start = end
        left = end
        right = min(end + width, count)
      }
      swap(&order, &merged)
      merged.removeAll(keepingCapacity: true)
      width *= 2
      start = 0
      left = 0
      right = min(width, count)
    }
    return true
  }

  /// Of fields with the same key, the earlier one comes first.
  private mutating func moveOne(_ middle: Int, _ end: Int) {
    let takesRight = left == middle || right < end && comes(order[right], before: order[left])
    merged.append(order[takesRight ? right : left])
    if takesRight { right += 1 } else { left += 1 }
    moves += 1
  }

  private mutating func comes(_ first: Int32, before second: Int32) -> Bool {
    let (first, second) = (unsorted[Int(first)].key, unsorted[Int(second)].key)
    // Long keys take long to compare.
    moves += min(first.count, second.count) / 64
    return first.lexicographicallyPrecedes(second)
  }

  private mutating func takeInOrder(_ limit: Int) -> Bool {
    while taken < order.count {
      if moves >= limit { return false }
      moves += 1
      let index = Int(order[taken])
      taken += 1
      if taken < order.count, unsorted[Int(order[taken])].key == unsorted[index].key { continue }
      fields.append(unsorted[index])
      // What is left over is freed at once in the end: that is to be nothing.
      unsorted[index] = Field(key: [], value: .text([]))
    }
    return true
  }
}
