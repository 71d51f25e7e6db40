/// A request as a list of fields, so that each can be left out, repeated or distorted.
struct FuzzRequest {
  /// Keys and values as JSON text; keys without quotes.
  var fields: [(key: String, value: String)]

  init(_ type: String, _ fields: [(key: String, value: String)] = []) {
    self.fields = fields + [("type", "\"\(type)\"")]
  }

  var body: [UInt8] {
    Array(("{" + fields.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",") + "}").utf8)
  }
}
