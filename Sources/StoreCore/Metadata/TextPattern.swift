/// Pattern against which listings match type names and names.
public enum TextPattern {
  case wildcard(String)
  /// The whole text must match; an expression that isn't valid matches nothing.
  case regularExpression(String)

  /// A function that begins to match a text.
  func matcher() -> (String) -> TextMatch {
    switch self {
    case .wildcard(let text):
      if text == "*" { return { _ in .decided(true) } }
      let pattern = WildcardPattern(text)
      return { .wildcard(pattern.match(of: $0)) }
    case .regularExpression(let text):
      guard let expression = RegularExpression(text) else { return { _ in .decided(false) } }
      return { .expression(expression.match(of: $0)) }
    }
  }

  /// The text of the pattern, whatever its kind.
  var text: String {
    switch self {
    case .wildcard(let text), .regularExpression(let text): text
    }
  }
}

/// One text on its way through a pattern.
enum TextMatch {
  case decided(Bool)
  case wildcard(WildcardMatch)
  case expression(Simulation)

  /// Goes on matching.
  ///
  /// - Parameter steps: how many may be taken; what is left of them is written back.
  /// - Returns: whether the text matches, nil when the steps are used up first.
  mutating func advance(steps: inout Int) -> Bool? {
    switch self {
    case .decided(let isMatch): return isMatch
    case .wildcard(var match):
      // Taken out, so that nothing is copied when it changes.
      self = .decided(false)
      defer { self = .wildcard(match) }
      return match.advance(steps: &steps)
    case .expression(var simulation):
      self = .decided(false)
      defer { self = .expression(simulation) }
      return simulation.advance(steps: &steps)
    }
  }
}

/// A shell wildcard as fnmatch(3) with flags 0 reads it: `*`, `?`, `[…]`, `[!…]`, `[[:digit:]]`, backslash escapes; `*`
/// and `?` match every character, `/` included.
struct WildcardPattern {
  fileprivate enum Element {
    case literal(UInt8)
    case any
    case star
    case set([ClosedRange<UInt8>], negated: Bool)
  }

  /// Unclosed brackets after which the rest are taken literally: each costs a scan of all that follows.
  private static let tolerance = 32

  fileprivate var elements: [Element] = []

  init(_ text: String) {
    let bytes = Array(text.utf8)
    var index = 0
    var failures = 0
    while index < bytes.count {
      let byte = bytes[index]
      index += 1
      switch byte {
      case UInt8(ascii: "*"): elements.append(.star)
      case UInt8(ascii: "?"): elements.append(.any)
      case UInt8(ascii: "\\"):
        // A backslash at the end escapes nothing; such a pattern matches no text.
        elements.append(index < bytes.count ? .literal(bytes[index]) : .set([], negated: false))
        index += 1
      case UInt8(ascii: "[") where failures < Self.tolerance:
        if let (set, next) = Self.readSet(bytes, index) {
          elements.append(set)
          index = next
        } else {
          failures += 1
          elements.append(.literal(byte))
        }
      default: elements.append(.literal(byte))
      }
    }
  }

  /// Reads the inside of a bracket expression; nil when it doesn't close.
  private static func readSet(_ bytes: [UInt8], _ start: Int) -> (Element, Int)? {
    var index = start
    var negated = false
    if index < bytes.count, bytes[index] == UInt8(ascii: "!") || bytes[index] == UInt8(ascii: "^") {
      negated = true
      index += 1
    }
    var ranges: [ClosedRange<UInt8>] = []
    let first = index
    while index < bytes.count {
      var low = bytes[index]
      if low == UInt8(ascii: "]"), index > first { return (.set(ranges, negated: negated), index + 1) }
      if let (members, next) = readClass(bytes, index) {
        ranges += members
        index = next
        continue
      }
      if low == UInt8(ascii: "\\"), index + 1 < bytes.count {
        index += 1
        low = bytes[index]
      }
      index += 1
      guard index + 1 < bytes.count, bytes[index] == UInt8(ascii: "-"), bytes[index + 1] != UInt8(ascii: "]") else {
        ranges.append(low...low)
        continue
      }
      index += 1
      if bytes[index] == UInt8(ascii: "\\"), index + 1 < bytes.count { index += 1 }
      let high = bytes[index]
      if low <= high { ranges.append(low...high) }
      index += 1
    }
    return nil
  }

  /// Reads a character class such as `[:digit:]`; nil when there is none at `start`.
  private static func readClass(_ bytes: [UInt8], _ start: Int) -> ([ClosedRange<UInt8>], Int)? {
    guard bytes[start...].starts(with: "[:".utf8) else { return nil }
    var end = start + 2
    while end < bytes.count, bytes[end] >= UInt8(ascii: "a"), bytes[end] <= UInt8(ascii: "z") { end += 1 }
    guard bytes[end...].starts(with: ":]".utf8) else { return nil }
    let members = classes[String(decoding: bytes[(start + 2)..<end], as: UTF8.self)]
    return (members ?? [], end + 2)
  }

  /// The character classes of the C locale.
  private static let classes: [String: [ClosedRange<UInt8>]] = [
    "alnum": [48...57, 65...90, 97...122], "alpha": [65...90, 97...122], "blank": [9...9, 32...32],
    "cntrl": [0...31, 127...127], "digit": [48...57], "graph": [33...126], "lower": [97...122], "print": [32...126],
    "punct": [33...47, 58...64, 91...96, 123...126], "space": [9...13, 32...32], "upper": [65...90],
    "xdigit": [48...57, 65...70, 97...102],
  ]

  /// Whether the whole of `text` matches, in time proportional to the product of the lengths.
  func matches(_ text: String) -> Bool {
    var match = match(of: text)
    var steps = Int.max
    return match.advance(steps: &steps) ?? false
  }

  /// Begins to match a text.
  func match(of text: String) -> WildcardMatch { WildcardMatch(of: self, Array(text.utf8)) }
}

/// A text on its way through a wildcard.
struct WildcardMatch {
  private let elements: [WildcardPattern.Element]
  private let bytes: [UInt8]
  private var element = 0
  private var position = 0
  /// Point to go on from when the rest does not match: after the last star, one byte further on than before.
  private var resume: (element: Int, position: Int)?

  fileprivate init(of pattern: WildcardPattern, _ bytes: [UInt8]) {
    elements = pattern.elements
    self.bytes = bytes
  }

  /// Goes on matching.
  ///
  /// - Parameter steps: how many may be taken; what is left of them is written back.
  /// - Returns: whether the whole text matches, nil when the steps are used up first.
  mutating func advance(steps: inout Int) -> Bool? {
    while position < bytes.count {
      if steps <= 0 { return nil }
      steps -= 1
      if element < elements.count, case .set(let ranges, _) = elements[element] { steps -= ranges.count }
      if element < elements.count, case .star = elements[element] {
        resume = (element + 1, position)
        element += 1
      } else if element < elements.count, Self.accepts(elements[element], bytes[position]) {
        element += 1
        position += 1
      } else if let last = resume {
        resume = (last.element, last.position + 1)
        element = last.element
        position = last.position + 1
      } else {
        return false
      }
    }
    while element < elements.count, case .star = elements[element] { element += 1 }
    return element == elements.count
  }

  private static func accepts(_ element: WildcardPattern.Element, _ byte: UInt8) -> Bool {
    switch element {
    case .literal(let literal): literal == byte
    case .any: true
    case .star: false
    case .set(let ranges, let negated): ranges.contains { $0.contains(byte) } != negated
    }
  }
}
