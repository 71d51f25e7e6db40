import Support

/// The first instructions of a pickle, which say what it holds. They are looked at, never run.
///
/// Source: the module pickletools of Python's library.
struct PickleHead: CustomStringConvertible {
  let description: String

  /// - Parameter bytes: the beginning of a pickle.
  /// - Returns: nil when it does not begin as expected.
  init?(_ bytes: [UInt8]) {
    var rest = bytes[...]
    guard rest.popFirst() == 0x80, let version = rest.popFirst(), version >= 4 else { return nil }
    if rest.first == 0x95 { rest = rest.dropFirst(9) }
    switch rest.first {
    case 0x7D: description = "a dictionary"
    case 0x5D: description = "a list"
    case 0x28, 0x29: description = "a tuple"
    case 0x8E, 0x42, 0x43, 0x96: description = "bytes"
    case 0x8F: description = "a set"
    case 0x4E: description = "None"
    case 0x4A, 0x4B, 0x4D, 0x8A: description = "a number"
    case 0x47: description = "a number"
    default:
      guard let module = Self.text(&rest), let name = Self.text(&rest), rest.first == 0x93 else { return nil }
      description = "\(module).\(name)".printable(100)
    }
  }

  /// A short text and the instruction that remembers it.
  private static func text(_ rest: inout ArraySlice<UInt8>) -> String? {
    guard rest.popFirst() == 0x8C, let length = rest.popFirst(), rest.count >= Int(length) else { return nil }
    let text = String(decoding: rest.prefix(Int(length)), as: UTF8.self)
    rest = rest.dropFirst(Int(length))
    if rest.first == 0x94 { rest = rest.dropFirst() }
    return text
  }
}
