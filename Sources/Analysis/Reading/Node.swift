import Documents

/// A value of a document, with its place and the fields that lead to it.
struct Node: Sendable {
  private let located: LocatedValue
  let origin: Origin
  let path: FieldPath

  init(_ located: LocatedValue, _ origin: Origin, path: FieldPath = .root) {
    self.located = located
    self.origin = origin
    self.path = path
  }

  /// The value of a field; nil where it is missing or null.
  subscript(_ key: String) -> Node? {
    guard let field = located.children?[key], field.scalar?.isNull != true else { return nil }
    return Node(field, origin, path: path.key(key))
  }

  /// The value below a path of keys.
  subscript(_ keys: String...) -> Node? {
    var node: Node? = self
    for key in keys { node = node?[key] }
    return node
  }

  /// The elements of an array; none of anything else.
  var elements: [Node] {
    (located.elements ?? []).enumerated().map { Node($0.element, origin, path: path.index($0.offset)) }
  }

  /// Number of elements or fields.
  var count: Int { located.elements?.count ?? located.children?.count ?? 0 }

  /// The fields of an object in their order; none of anything else.
  var fields: [(key: String, node: Node)] {
    (located.children ?? [:]).map { (key: $0.key, node: Node($0.value, origin, path: path.key($0.key))) }
  }

  var isObject: Bool { located.children != nil }

  /// The text of a string.
  var string: String? { located.scalar?.string.map { origin.restored($0) } }

  /// The text of a scalar, also of a number or a truth value.
  var text: String? {
    switch located.scalar {
    case .string(let text): origin.restored(text)
    case .integer(let number): String(number)
    case .decimal(let text): text
    case .boolean(let value): String(value)
    default: nil
    }
  }

  var int: Int? { located.scalar?.int }
  var bool: Bool? { located.scalar?.bool }

  /// Texts of the elements of an array.
  var texts: [String] { elements.compactMap(\.text) }

  /// The place of the key, or of the value where there is no key.
  var place: Place { place(located.keyPosition ?? located.position) }

  /// The first line of the text; nil when its lines do not stand in the file as they are.
  var firstLine: Place? {
    guard located.isLiteral else { return nil }
    let start = place(located.position)
    return Place(file: start.file, line: start.line + 1, column: 1, path: path)
  }

  private func place(_ position: DocumentError.Position) -> Place {
    if let line = origin.onlyLine { return Place(file: origin.file, line: line, column: 1, path: path) }
    return Place(
      file: origin.file, line: origin.lines + position.line, column: origin.isInside ? 1 : position.column, path: path)
  }
}

/// Where the text of a document comes from.
struct Origin: Sendable {
  let file: Int
  /// Lines of the file in front of the text.
  var lines = 0
  /// Whether the text is a value of another document, so that its columns are not those of the file.
  var isInside = false
  /// The line of all of it, where lines of the text are not lines of the file.
  var onlyLine: Int?
  /// Placeholders that stand in the text under marks.
  var placeholders: [String] = []

  /// A text with the placeholders that marks stand for.
  func restored(_ text: String) -> String {
    placeholders.isEmpty ? text : PlaceholderMarks.restore(text, placeholders)
  }
}
