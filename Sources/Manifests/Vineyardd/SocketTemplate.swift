import Support

/// The directory of a socket with `{{.Namespace}}` and `{{.Name}}` in it, as the original writes it (a Go template of
/// which only these two are known).
enum SocketTemplate {
  /// The directory of one cluster.
  ///
  /// - Throws: `CommandError` with code `usage` for anything else between braces.
  static func expand(_ template: String, namespace: String, name: String) throws(CommandError) -> String {
    var result = ""
    var rest = template[...]
    while let brace = rest.firstIndex(of: "{") {
      result += rest[..<brace]
      rest = rest[brace...]
      guard rest.hasPrefix("{{") else {
        result.append(rest.removeFirst())
        continue
      }
      let field = rest.dropFirst(2).prefix { $0 != "}" }
      rest = rest[field.endIndex...]
      guard rest.hasPrefix("}}") else { throw unknown(template) }
      rest = rest.dropFirst(2)
      switch field.drop(while: { $0 == " " }).prefix(while: { $0 != " " }) {
      case ".Namespace": result += namespace
      case ".Name": result += name
      default: throw unknown(template)
      }
    }
    return result + rest
  }

  private static func unknown(_ template: String) -> CommandError {
    Rule.invalid(
      "socket directory", template, "unknown template", hint: "only {{.Namespace}} and {{.Name}} stand for something")
  }
}
