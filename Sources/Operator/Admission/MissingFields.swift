import KubernetesObjects

/// The difference between a tree and a fuller one.
enum MissingFields {
  /// Operations of a JSON patch (RFC 6902) that add what is missing; nothing that is there is touched.
  ///
  /// - Parameter pointer: of the tree, as RFC 6901 writes it.
  static func patch(_ tree: Value?, to full: Value, at pointer: String) -> [Value] {
    guard let tree, !tree.isNull else {
      return [["op": "add", "path": .string(pointer), "value": full]]
    }
    guard let fields = tree.fields, let wanted = full.fields else { return [] }
    return wanted.flatMap { key, value in patch(fields[key], to: value, at: "\(pointer)/\(escaped(key))") }
  }

  /// A key as a part of a pointer (RFC 6901, section 3).
  private static func escaped(_ key: String) -> String {
    guard key.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) else { return key }
    return key.reduce(into: "") { text, character in
      switch character {
      case "~": text += "~0"
      case "/": text += "~1"
      default: text.append(character)
      }
    }
  }
}
