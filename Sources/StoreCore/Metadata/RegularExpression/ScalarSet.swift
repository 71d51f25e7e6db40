/// A set of Unicode scalar values.
struct ScalarSet: Sendable {
  static let last: UInt32 = 0x10_ffff

  /// In ascending order, with gaps between them.
  private(set) var ranges: [ClosedRange<UInt32>] = []
  /// One bit for each ASCII scalar.
  private var ascii: (low: UInt64, high: UInt64) = (0, 0)

  /// The union of ranges in any order.
  init(_ parts: [ClosedRange<UInt32>]) {
    for part in parts.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let previous = ranges.last, part.lowerBound <= previous.upperBound + 1 {
        ranges[ranges.count - 1] = previous.lowerBound...max(previous.upperBound, part.upperBound)
      } else {
        ranges.append(part)
      }
    }
    for scalar: UInt32 in 0..<64 {
      if searched(scalar) { ascii.low |= 1 << UInt64(scalar) }
      if searched(scalar + 64) { ascii.high |= 1 << UInt64(scalar) }
    }
  }

  /// The scalars that are not in this set.
  var inverted: ScalarSet {
    var gaps: [ClosedRange<UInt32>] = []
    var start: UInt32 = 0
    for range in ranges {
      if start < range.lowerBound { gaps.append(start...range.lowerBound - 1) }
      start = range.upperBound + 1
    }
    if start <= Self.last { gaps.append(start...Self.last) }
    return ScalarSet(gaps)
  }

  @inline(__always)
  func contains(_ scalar: UInt32) -> Bool {
    if scalar < 64 { return ascii.low >> UInt64(scalar) & 1 != 0 }
    if scalar < 128 { return ascii.high >> UInt64(scalar - 64) & 1 != 0 }
    return searched(scalar)
  }

  private func searched(_ scalar: UInt32) -> Bool {
    var candidates = ranges[...]
    while !candidates.isEmpty {
      let middle = candidates.startIndex + candidates.count / 2
      let range = candidates[middle]
      if range.contains(scalar) { return true }
      candidates = scalar < range.lowerBound ? candidates[..<middle] : candidates[(middle + 1)...]
    }
    return false
  }
}
