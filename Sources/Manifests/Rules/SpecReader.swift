import Documents
import Support

/// Reads the fields of a custom resource and refuses those that nobody asked for.
struct SpecReader {
  private let fields: Fields
  private let path: String
  private var known: Set<String> = []

  private init(_ value: Value?, _ path: String) throws {
    guard let fields = (value ?? [:]).fields else { throw Self.wrongType(path, "an object") }
    self.fields = fields
    self.path = path
  }

  /// Reads an object; what the closure does not ask for must not be there.
  ///
  /// - Throws: `CommandError` with code `usage` that names the field.
  static func read(_ value: Value?, _ path: String, _ body: (inout SpecReader) throws -> Void) throws {
    var reader = try SpecReader(value?.isNull == true ? [:] : value, path)
    try body(&reader)
    if let unknown = reader.fields.keys.first(where: { !reader.known.contains($0) }) {
      throw CommandError(
        .usage, "unknown field \(path).\(unknown)",
        hint: "the fields are \(reader.known.sorted().joined(separator: ", "))")
    }
  }

  mutating func nested(_ key: String, _ body: (inout SpecReader) throws -> Void) throws {
    try Self.read(take(key), "\(path).\(key)", body)
  }

  mutating func text(_ key: String, _ target: inout String) throws {
    guard let value = take(key) else { return }
    guard let text = value.string else { throw Self.wrongType("\(path).\(key)", "a text") }
    target = text
  }

  mutating func text(_ key: String, _ target: inout String?) throws {
    var text = ""
    try self.text(key, &text)
    if !text.isEmpty { target = text }
  }

  mutating func integer(_ key: String, _ target: inout Int) throws {
    guard let value = take(key) else { return }
    guard let integer = value.int else { throw Self.wrongType("\(path).\(key)", "an integer") }
    target = integer
  }

  mutating func flag(_ key: String, _ target: inout Bool) throws {
    guard let value = take(key) else { return }
    guard let flag = value.bool else { throw Self.wrongType("\(path).\(key)", "true or false") }
    target = flag
  }

  mutating func values(_ key: String, _ target: inout [Value]) throws {
    guard let value = take(key) else { return }
    guard let values = value.array, values.allSatisfy({ $0.fields != nil }) else {
      throw Self.wrongType("\(path).\(key)", "a list of objects")
    }
    target = values
  }

  mutating func object(_ key: String, _ target: inout Value?) throws {
    guard let value = take(key) else { return }
    guard value.fields != nil else { throw Self.wrongType("\(path).\(key)", "an object") }
    target = value
  }

  mutating func texts(_ key: String, _ target: inout [String: String]) throws {
    guard let value = take(key) else { return }
    guard let fields = value.fields, fields.values.allSatisfy({ $0.string != nil }) else {
      throw Self.wrongType("\(path).\(key)", "an object of texts")
    }
    target = value.stringFields
  }

  mutating func strings(_ key: String, _ target: inout [String]) throws {
    guard let value = take(key) else { return }
    guard let texts = value.array?.map(\.string), texts.allSatisfy({ $0 != nil }) else {
      throw Self.wrongType("\(path).\(key)", "a list of texts")
    }
    target = texts.compactMap { $0 }
  }

  /// Null is as good as absent.
  private mutating func take(_ key: String) -> Value? {
    known.insert(key)
    guard let value = fields[key], !value.isNull else { return nil }
    return value
  }

  private static func wrongType(_ path: String, _ type: String) -> CommandError {
    CommandError(.usage, "\(path) must be \(type)")
  }
}
