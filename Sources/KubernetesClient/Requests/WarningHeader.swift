/// The `Warning` header of API servers: `299 - "text"` (RFC 7234, section 5.5).
enum WarningHeader {
  /// The text between the quotes; the whole value when there are none.
  static func text(_ value: String) -> String {
    guard let start = value.firstIndex(of: "\"") else { return value }
    var text = ""
    var isEscaped = false
    for character in value[value.index(after: start)...] {
      if isEscaped {
        text.append(character)
        isEscaped = false
      } else if character == "\\" {
        isEscaped = true
      } else if character == "\"" {
        break
      } else {
        text.append(character)
      }
    }
    return text
  }
}
