/// A shell wildcard as fnmatch(3) with flags 0 reads it: `*`, `?`, `[…]`, `[!…]`, backslash escapes; `*` and `?` match
/// every character, `/` included.
struct WildcardPattern {
  private enum Element {
    case literal(UInt8)
    case any
    case star
    case set([ClosedRange<UInt8>], negated: Bool)
  }

  private var elements: [Element] = []

  init(_ text: String) {
    let bytes = Array(text.utf8)
    var index = 0
    while index < bytes.count {
      let byte = bytes[index]
      index += 1
      switch byte {
      case UInt8(ascii: "*"): elements.append(.star)
      case UInt8(ascii: "?"): elements.append(.any)
      case UInt8(ascii: "\\") where index < bytes.count:
        elements.append(.literal(bytes[index]))
        index += 1
      case UInt8(ascii: "["):
        if let (set, next) = Self.readSet(bytes, index) {
          elements.append(set)
          index = next
        } else {
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
      if low == UInt8(ascii: "\\"), index + 1 < bytes.count {
        index += 1
        low = bytes[index]
      }
      index += 1
      guard index + 1 < bytes.count, bytes[index] == UInt8(ascii: "-"), bytes[index + 1] != UInt8(ascii: "]") else {
        ranges.append(low...low)
        continue
      }
      let high = bytes[index + 1]
      if low <= high { ranges.append(low...high) }
      index += 2
    }
    return nil
  }

  /// Whether the whole of `text` matches, in time proportional to the product of the lengths.
  func matches(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    var element = 0
    var position = 0
    var resume: (element: Int, position: Int)?
    while position < bytes.count {
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

  private static func accepts(_ element: Element, _ byte: UInt8) -> Bool {
    switch element {
    case .literal(let literal): literal == byte
    case .any: true
    case .star: false
    case .set(let ranges, let negated): ranges.contains { $0.contains(byte) } != negated
    }
  }
}
