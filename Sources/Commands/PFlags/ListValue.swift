import Documents
import Support

/// The value of a list flag: comma separated as pflag reads it, or a JSON array as the Python package writes it.
enum ListValue {
  /// The elements; none for an empty text.
  ///
  /// - Throws: `ProgramError` with code `usage`.
  static func elements(of text: String, flag: String) throws(ProgramError) -> [String] {
    if text.first == "[", let array = (try? Value(json: text))?.array {
      return try array.map { element throws(ProgramError) in
        guard let text = element.string else {
          throw invalid(text, flag, cause: "an element is not a text")
        }
        return text
      }
    }
    return try fields(of: text, flag)
  }

  /// Elements as one comma separated text, which `elements(of:flag:)` reads.
  static func text(of elements: [String]) -> String {
    elements.enumerated().map { index, element in
      // In front, a bracket begins an array.
      let isPlain = !element.contains { ",\"".contains($0) } && !(index == 0 && element.first == "[")
      return isPlain ? element : "\"\(element.replacing("\"", with: "\"\""))\""
    }.joined(separator: ",")
  }

  /// The fields of one line of comma separated values (RFC 4180).
  private static func fields(of text: String, _ flag: String) throws(ProgramError) -> [String] {
    guard !text.isEmpty else { return [] }
    var fields: [String] = []
    var rest = text[...]
    while true {
      var field = ""
      if rest.first == "\"" {
        field = try quotedField(&rest, text, flag)
      } else {
        field = String(rest.prefix { $0 != "," })
        rest = rest.dropFirst(field.count)
        guard !field.contains("\"") else { throw invalid(text, flag, cause: "a quote inside an unquoted element") }
      }
      fields.append(field)
      guard let next = rest.popFirst() else { return fields }
      guard next == "," else { throw invalid(text, flag, cause: "'\(next)' follows a quoted element") }
    }
  }

  private static func quotedField(
    _ rest: inout Substring, _ text: String, _ flag: String
  ) throws(ProgramError) -> String {
    var field = ""
    rest.removeFirst()
    while let character = rest.popFirst() {
      if character != "\"" {
        field.append(character)
      } else if rest.first == "\"" {
        field.append("\"")
        rest.removeFirst()
      } else {
        return field
      }
    }
    throw invalid(text, flag, cause: "a quote is not closed")
  }

  private static func invalid(_ text: String, _ flag: String, cause: String) -> ProgramError {
    ProgramError(
      .usage, "invalid value '\(text)' for \(flag)", cause: cause, hint: "write \(flag)=a,b or repeat the flag")
  }
}

extension Bool {
  /// The words that gflags and pflag take for a truth value, in any case; nil for another word.
  init?(flagValue text: String) {
    switch text.lowercased() {
    case "1", "t", "true", "y", "yes": self = true
    case "0", "f", "false", "n", "no": self = false
    default: return nil
    }
  }
}
