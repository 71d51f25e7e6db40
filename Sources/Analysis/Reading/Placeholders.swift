import Support

/// Placeholders of Argo and Kubeflow, `{{…}}`: what they stand for is known when a run is there.
enum Placeholders {
  static let start = "{{"
  static let end = "}}"

  /// Whether a text depends on a placeholder.
  static func isOpen(_ text: String) -> Bool {
    let brace = UInt8(ascii: "{")
    return zip(text.utf8, text.utf8.dropFirst()).contains { $0 == brace && $1 == brace }
  }

  /// A text with the placeholders that a scope knows; others stay, and so does a text that would grow large.
  static func substitute(_ text: String, _ scope: [String: String]) -> String {
    guard isOpen(text) else { return text }
    var result = ""
    var rest = text[...]
    while let open = rest.firstRange(of: start), let close = rest[open.upperBound...].firstRange(of: end) {
      result += rest[..<open.lowerBound]
      let name = rest[open.upperBound..<close.lowerBound].trimmingBlanks()
      result += scope[name] ?? String(rest[open.lowerBound..<close.upperBound])
      rest = rest[close.upperBound...]
      guard result.utf8.count <= limit else { return text }
    }
    return result + rest
  }

  private static let limit = 1 << 16
}

/// Marks that stand for the placeholders of a text while it is read as YAML: Argo fills in placeholders before it reads
/// a manifest, and `name: {{workflow.name}}-data` is none before.
enum PlaceholderMarks {
  private static let opening: Unicode.Scalar = "\u{E000}"
  private static let closing: Unicode.Scalar = "\u{E001}"

  /// The text with marks, and the placeholders that they stand for.
  static func insert(_ text: String) -> (text: String, placeholders: [String]) {
    var placeholders: [String] = []
    var result = ""
    var rest = text[...]
    while let open = rest.firstRange(of: Placeholders.start),
      let close = rest[open.upperBound...].firstRange(of: Placeholders.end)
    {
      result += rest[..<open.lowerBound]
      result.unicodeScalars.append(opening)
      result += String(placeholders.count)
      result.unicodeScalars.append(closing)
      placeholders.append(String(rest[open.lowerBound..<close.upperBound]))
      rest = rest[close.upperBound...]
    }
    return (result + rest, placeholders)
  }

  static func restore(_ text: String, _ placeholders: [String]) -> String {
    var result = ""
    var rest = text.unicodeScalars[...]
    while let open = rest.firstIndex(of: opening), let close = rest[open...].firstIndex(of: closing) {
      result.unicodeScalars += rest[..<open]
      let mark = rest[rest.index(after: open)..<close]
      if let index = Int(String(mark)), placeholders.indices.contains(index) {
        result += placeholders[index]
      } else {
        result.unicodeScalars += rest[open...close]
      }
      rest = rest[rest.index(after: close)...]
    }
    result.unicodeScalars += rest
    return result
  }
}
