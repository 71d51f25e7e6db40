/// Named values in a fixed order, the output of commands that describe one thing.
public struct FieldList: Sendable, Equatable {
  private let fields: [(name: String, value: String)]

  /// Makes a list; the order is the order of the output.
  public init(_ fields: KeyValuePairs<String, String>) {
    self.fields = fields.map { (name: $0.key, value: $0.value) }
  }

  public static func == (left: FieldList, right: FieldList) -> Bool {
    left.fields.elementsEqual(right.fields) { $0 == $1 }
  }

  /// The list as text with aligned values, as one JSON object, or as a YAML mapping; ends with a line break.
  public func rendered(as format: OutputFormat) -> String {
    switch format {
    case .text:
      let width = fields.map(\.name.count).max() ?? 0
      return fields.map { name, value in
        "\(name)\(String(repeating: " ", count: width - name.count))  \(value)\n"
      }.joined()
    case .json:
      return "{\(fields.map { "\($0.quotedForJSON): \($1.quotedForJSON)" }.joined(separator: ", "))}\n"
    case .yaml:
      return fields.map { "\($0): \($1.quotedForJSON)\n" }.joined()
    }
  }
}

extension String {
  /// The text as a JSON string, which is also a valid YAML scalar.
  var quotedForJSON: String {
    var quoted = "\""
    for scalar in unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      case "\r": quoted += "\\r"
      case "\t": quoted += "\\t"
      case ..<" ":
        let code = String(scalar.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - code.utf8.count) + code
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}
