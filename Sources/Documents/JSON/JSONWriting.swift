import JSON
import OrderedCollections

extension Value {
  /// The value as JSON on one line, without blanks.
  public var json: String { written(indented: false) }

  /// The value as JSON with two blanks per level and a line break at the end.
  public var indentedJSON: String { written(indented: true) + "\n" }

  private func written(indented: Bool) -> String {
    let writer = ByteWriter(capacity: 1 << 12)
    write(to: writer, indentation: indented ? 0 : nil)
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  /// - Parameter indentation: blanks before this value's line; nil writes everything on one line.
  private func write(to writer: ByteWriter, indentation: Int?) {
    switch self {
    case .null: writer.append("null")
    case .boolean(let value): writer.append(value ? "true" : "false")
    case .integer(let value): writer.append(decimal: Int(value))
    case .decimal(let text): writer.append(utf8: text)
    case .string(let text): writer.append(jsonString: text)
    case .array(let elements):
      writer.sequence(elements, brackets: ("[", "]"), indentation) { element, inner in
        element.write(to: writer, indentation: inner)
      }
    case .object(let fields):
      writer.sequence(fields.elements, brackets: ("{", "}"), indentation) { field, inner in
        writer.append(jsonString: field.key)
        writer.append(indentation == nil ? ":" : ": ")
        field.value.write(to: writer, indentation: inner)
      }
    }
  }
}

extension ByteWriter {
  /// Writes elements between brackets, each on a line of its own when there is an indentation.
  fileprivate func sequence<Elements: Collection>(
    _ elements: Elements, brackets: (open: StaticString, close: StaticString), _ indentation: Int?,
    _ write: (Elements.Element, _ indentation: Int?) -> Void
  ) {
    append(brackets.open)
    let inner = indentation.map { $0 + 2 }
    var isFirst = true
    for element in elements {
      if !isFirst { append(",") }
      isFirst = false
      lineBreak(inner)
      write(element, inner)
    }
    if !isFirst { lineBreak(indentation) }
    append(brackets.close)
  }

  private func lineBreak(_ indentation: Int?) {
    guard let indentation else { return }
    append("\n")
    for _ in 0..<indentation { append(" ") }
  }
}
