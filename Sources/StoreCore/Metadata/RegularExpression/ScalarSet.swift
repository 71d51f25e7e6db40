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

/// The character classes of the C locale (ctype.h), which `std::regex` uses: all ASCII.
extension ScalarSet {
  static let digit = ScalarSet([0x30...0x39])
  static let space = ScalarSet([0x09...0x0d, 0x20...0x20])
  /// Letters, digits and the underscore.
  static let word = ScalarSet(alnum.ranges + [0x5f...0x5f])
  /// The scalars that ECMAScript's `.` matches: everything but line terminators.
  static let dot = ScalarSet([0x0a...0x0a, 0x0d...0x0d, 0x2028...0x2029]).inverted

  private static let upper = ScalarSet([0x41...0x5a])
  private static let lower = ScalarSet([0x61...0x7a])
  private static let alpha = ScalarSet(upper.ranges + lower.ranges)
  private static let alnum = ScalarSet(alpha.ranges + digit.ranges)
  private static let punct = ScalarSet([0x21...0x2f, 0x3a...0x40, 0x5b...0x60, 0x7b...0x7e])

  /// The class `[:name:]`; nil when there is none.
  init?(named name: String) {
    switch name {
    case "d", "digit": self = .digit
    case "s", "space": self = .space
    case "w": self = .word
    case "alnum": self = .alnum
    case "alpha": self = .alpha
    case "blank": self.init([0x09...0x09, 0x20...0x20])
    case "cntrl": self.init([0x00...0x1f, 0x7f...0x7f])
    case "graph": self.init([0x21...0x7e])
    case "lower": self = .lower
    case "print": self.init([0x20...0x7e])
    case "punct": self = .punct
    case "upper": self = .upper
    case "xdigit": self.init([0x30...0x39, 0x41...0x46, 0x61...0x66])
    default: return nil
    }
  }
}
