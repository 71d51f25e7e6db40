import Documents
import Support

/// Reading and writing of trees by a table.
extension FieldTable {
  /// Reads an object; fields that it does not have get their defaults.
  ///
  /// - Parameter name: of the object, for errors: `spec`.
  /// - Throws: `ProgramError` with code `usage` for a wrong type or an unknown field.
  init(_ tree: Value?, _ name: String) throws {
    self.init()
    try read(tree, name, Self.fields[...], depth: 0)
  }

  private mutating func read(
    _ tree: Value?, _ name: String, _ fields: some Sequence<Field<Self>>, depth: Int
  ) throws {
    // Null is as good as absent.
    let object = tree?.isNull == false ? tree ?? [:] : [:]
    guard let values = object.fields else { throw FieldError.wrongType(name, "an object") }
    let groups = OrderedDictionary(grouping: fields) { $0.path[depth] }
    for (key, group) in groups {
      let name = "\(name).\(key)"
      if group[0].path.count > depth + 1 {
        try read(values[key], name, group, depth: depth + 1)
      } else if let value = values[key], !value.isNull {
        try group[0].read(value, name, &self)
      }
    }
    if let unknown = values.keys.first(where: { groups[$0] == nil }) {
      throw ProgramError(
        .usage, "unknown field \(name).\(unknown)",
        hint: "the fields are \(groups.keys.sorted().joined(separator: ", "))")
    }
  }

  /// The object, with every setting that has a default.
  var tree: Value {
    Self.fields.reduce(into: [:]) { tree, field in
      if let value = field.write(self) { tree[path: field.path] = value }
    }
  }

  /// Checks every field by itself.
  ///
  /// - Throws: `ProgramError` with code `usage` for the first that makes no sense.
  func checkFields() throws {
    for field in Self.fields { try field.check(self) }
  }

  /// The properties of the schema.
  static var schemaProperties: Value {
    fields.reduce(into: [:]) { properties, field in
      properties[path: Array(field.path.joined(by: "properties"))] = field.schema
    }
  }
}

extension [String] {
  /// The elements with another between each two.
  fileprivate func joined(by separator: String) -> [String] {
    reduce(into: []) { $0 += $0.isEmpty ? [$1] : [separator, $1] }
  }
}

extension Value {
  /// The value, or nothing at all, which is not the value null.
  func unless(_ isNothing: Bool) -> Value? { isNothing ? Value?.none : self }
}

extension Sequence {
  /// The flags of the store that the fields set: none that says nothing.
  func arguments<Settings>(of settings: Settings) -> [String] where Element == Field<Settings> {
    compactMap { field in
      guard let argument = field.argument, let value = field.write(settings) else { return nil }
      let text = value.string ?? value.json
      return text.isEmpty || value == false ? nil : "--\(argument)=\(text)"
    }
  }
}

/// Errors in the fields of a resource.
enum FieldError {
  static func wrongType(_ name: String, _ type: String) -> ProgramError {
    ProgramError(.usage, "\(name) must be \(type)")
  }
}
