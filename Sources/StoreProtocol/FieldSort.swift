/// Merge sort of fields by their keys, in steps; of several fields with one key the last one stays.
struct FieldSort {
  private typealias Field = MetadataDocument.Field

  private var source: [MetadataDocument.Field]
  private var target: [MetadataDocument.Field] = []
  /// Ends of the sorted runs of `source`, and of those merged into `target` so far.
  private var ends: [Int]
  private var mergedEnds: [Int] = []
  /// The pair of runs being merged, and the next field of each.
  private var pair = 0
  private var left: Int
  private var right: Int

  init(_ fields: [MetadataDocument.Field]) {
    source = fields
    ends = Array(1...max(fields.count, 1))
    left = 0
    right = 1
    target.reserveCapacity(fields.count)
  }

  /// The fields, once they are sorted.
  var fields: [MetadataDocument.Field] { source }

  /// - Parameter count: fields to move before resting.
  /// - Returns: whether the fields are sorted.
  mutating func advance(by count: Int) -> Bool {
    var moves = 0
    while ends.count > 1 {
      while pair < ends.count {
        let middle = ends[pair]
        let end = pair + 1 < ends.count ? ends[pair + 1] : middle
        while left < middle || right < end {
          if moves == count { return false }
          moves += 1
          moveOne(middle, end)
        }
        mergedEnds.append(target.count)
        pair += 2
        left = end
        right = pair < ends.count ? ends[pair] : end
      }
      swap(&source, &target)
      target.removeAll(keepingCapacity: true)
      (ends, mergedEnds) = (mergedEnds, [])
      pair = 0
      left = 0
      right = ends[0]
    }
    return true
  }

  private mutating func moveOne(_ middle: Int, _ end: Int) {
    if left == middle {
      target.append(source[right])
      right += 1
    } else if right == end || source[left].key.lexicographicallyPrecedes(source[right].key) {
      target.append(source[left])
      left += 1
    } else {
      // The later of two with the same key replaces the earlier.
      if source[left].key == source[right].key { left += 1 }
      target.append(source[right])
      right += 1
    }
  }
}
