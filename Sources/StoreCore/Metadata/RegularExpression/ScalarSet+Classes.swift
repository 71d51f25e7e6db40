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
