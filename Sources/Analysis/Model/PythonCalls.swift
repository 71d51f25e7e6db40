import Support

/// The calls of some functions in a Python program, found without running or fully parsing it.
struct PythonCalls {
  /// One call: its arguments as they stand.
  struct Call {
    let name: String
    /// Lines above it in the program.
    let line: Int
    fileprivate(set) var positional: [String] = []
    fileprivate var keywords: [String: String] = [:]

    func keyword(_ name: String) -> String? { keywords[name] }
  }

  private(set) var found: [Call] = []
  private let bytes: [UInt8]
  /// Bytes of a call that are looked at.
  private static let limit = 4096

  /// - Parameter names: of functions, such as `csi.write`.
  init(_ program: String, of names: [String]) {
    bytes = Array(program.utf8)
    let patterns = names.map { (name: $0, bytes: Array("\($0)(".utf8)) }
    var line = 0
    var index = 0
    var isComment = false
    while index < bytes.count {
      let byte = bytes[index]
      if byte == UInt8(ascii: "\n") {
        line += 1
        isComment = false
      } else if byte == UInt8(ascii: "#") {
        isComment = isComment || index == 0 || bytes[index - 1] <= 0x20
      } else if !isComment, let pattern = patterns.first(where: { matches($0.bytes, at: index) }) {
        var call = Call(name: pattern.name, line: line)
        for argument in arguments(from: index + pattern.bytes.count) { call.add(argument) }
        found.append(call)
      }
      index += 1
    }
  }

  private func matches(_ pattern: [UInt8], at index: Int) -> Bool {
    bytes[index] == pattern[0] && bytes[index...].starts(with: pattern)
  }

  /// The texts between the commas of a call, up to its parenthesis.
  private func arguments(from start: Int) -> [String] {
    var arguments: [String] = []
    var current: [UInt8] = []
    var depth = 0
    var quote: UInt8?
    for byte in bytes[start...].prefix(Self.limit) {
      if let open = quote {
        if byte == open { quote = nil }
      } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
        quote = byte
      } else if "([{".utf8.contains(byte) {
        depth += 1
      } else if ")]}".utf8.contains(byte) {
        if depth == 0 { return arguments + [String(decoding: current, as: UTF8.self).trimmingBlanks()] }
        depth -= 1
      } else if byte == UInt8(ascii: ","), depth == 0 {
        arguments.append(String(decoding: current, as: UTF8.self).trimmingBlanks())
        current = []
        continue
      }
      current.append(byte)
    }
    return []
  }
}

extension PythonCalls.Call {
  fileprivate mutating func add(_ argument: String) {
    let name = argument.prefix { $0.isLetter || $0 == "_" }
    let rest = argument.dropFirst(name.count).drop { $0 == " " }
    if !name.isEmpty, rest.hasPrefix("="), !rest.hasPrefix("==") {
      keywords[String(name)] = rest.dropFirst().trimmingBlanks()
    } else if !argument.isEmpty {
      positional.append(argument)
    }
  }
}
