import Documents
import Support

/// Objects of Kubernetes, which are handed on as they are.
extension FieldFormat where Content == Value? {
  /// An object, in flags as JSON or YAML.
  static var object: Self {
    FieldFormat(
      schema: ["type": "object", "x-kubernetes-preserve-unknown-fields": true],
      read: { value, name in
        guard value.fields != nil else { throw FieldError.wrongType(name, "an object") }
        return .some(value)
      }, write: { $0 },
      parse: { value, flag in
        guard let tree = try flagTree(value.text, flag) else { return nil }
        guard tree.fields != nil else { throw wrongTree(flag, "an object") }
        return tree
      })
  }
}

extension FieldFormat where Content == [Value] {
  /// A list of objects, in flags as JSON or YAML.
  static func objects(_ limit: Int) -> Self {
    FieldFormat(
      schema: [
        "type": "array", "maxItems": Value(limit),
        "items": ["type": "object", "x-kubernetes-preserve-unknown-fields": true],
      ], read: { try readObjects($0, $1) }, write: { Value.array($0).unless($0.isEmpty) },
      parse: { value, flag in
        guard let tree = try flagTree(value.text, flag) else { return [] }
        guard let elements = tree.array else { throw wrongTree(flag, "an array") }
        return elements
      })
  }
}

/// Lists whose elements are settings with a table of their own.
extension FieldFormat {
  /// A list of settings.
  ///
  /// - Parameters:
  ///   - keys: the fields that tell elements apart, which each must have.
  ///   - items: what the definition says of an element besides its fields.
  ///   - text: an element as a flag takes it; nil for one that says more than a flag can.
  ///   - element: reads such a text.
  static func list<Element: FieldTable>(
    keys: [String], schema: Value, omitsEmpty: Bool, text: @escaping @Sendable (Element) -> String?,
    element: @escaping @Sendable (String) throws -> Element
  ) -> Self where Content == [Element] {
    var schema = schema
    schema["type"] = "array"
    schema["x-kubernetes-list-type"] = "map"
    schema["x-kubernetes-list-map-keys"] = Value(keys)
    schema["items"] = ["type": "object", "required": Value(keys), "properties": Element.schemaProperties]
    return FieldFormat(
      schema: schema, form: .list,
      read: { value, name in try readObjects(value, name).map { try Element($0, "\(name)[]") } },
      write: { Value.array($0.map(\.tree)).unless($0.isEmpty && omitsEmpty) },
      check: { for element in $0 { try element.checkFields() } },
      parse: { value, _ in try value.elements.map(element) },
      flagValue: { value in
        let texts = (value.array ?? []).map { tree in (try? Element(tree, "")).flatMap(text) }
        return texts.contains(nil) ? nil : .list(texts.compactMap { $0 })
      })
  }
}

/// Lists of texts in whatever way a resource writes them.
extension FieldFormat {
  /// A list that flags take element by element.
  static func texts(
    schema: Value, read: @escaping @Sendable (Value, String) throws -> Content,
    write: @escaping @Sendable (Content) -> Value?, check: @escaping @Sendable (Content) throws -> Void,
    parse: @escaping @Sendable ([String]) throws -> Content, text: @escaping @Sendable (Value) -> [String?]
  ) -> Self {
    FieldFormat(
      schema: schema, form: .list, read: { try read($0, $1) }, write: write, check: check,
      parse: { value, _ in try parse(value.elements) },
      flagValue: { value in
        let texts = text(value)
        return texts.contains(nil) ? nil : .list(texts.compactMap { $0 })
      })
  }
}

/// The objects of a list.
func readObjects(_ value: Value, _ name: String) throws -> [Value] {
  guard let values = value.array, values.allSatisfy({ $0.fields != nil }) else {
    throw FieldError.wrongType(name, "a list of objects")
  }
  return values
}

/// JSON or YAML in a flag; nil for an empty one.
private func flagTree(_ text: String, _ flag: String) throws -> Value? {
  guard !text.isEmpty else { return nil }
  do {
    return try Value(yaml: text)
  } catch {
    throw ProgramError(.usage, "cannot read \(flag)", cause: "\(error)", hint: "write JSON or YAML")
  }
}

private func wrongTree(_ flag: String, _ kind: String) -> ProgramError {
  ProgramError(.usage, "\(flag) is not \(kind)", hint: "write \(kind) in JSON or YAML")
}
