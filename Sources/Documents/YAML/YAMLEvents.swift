import CLibYAML

/// One step of the YAML parser.
struct YAMLEvent {
  enum Kind {
    case streamEnd, documentStart, scalar, alias, sequenceStart, sequenceEnd, mappingStart, mappingEnd, other
  }

  var kind: Kind
  /// The text of a scalar, or the name an alias refers to.
  var text = ""
  /// The name given to this value.
  var anchor: String?
  /// An explicit tag such as `tag:yaml.org,2002:str`.
  var tag: String?
  /// Whether a scalar stands without quotes, so that its meaning follows from its text.
  var isPlain = false
  /// Whether a scalar's lines stand as they are, below the line that `position` tells.
  var isLiteral = false
  let position: DocumentError.Position

  /// The value of a scalar.
  func scalarValue() throws(DocumentError) -> Value {
    switch tag {
    case nil: return isPlain ? PlainScalar.value(text) : .string(text)
    case "!", "tag:yaml.org,2002:str", "tag:yaml.org,2002:binary", "tag:yaml.org,2002:timestamp": return .string(text)
    case "tag:yaml.org,2002:int", "tag:yaml.org,2002:float", "tag:yaml.org,2002:bool", "tag:yaml.org,2002:null":
      let value = PlainScalar.value(text)
      if case .string = value { throw DocumentError("'\(text)' does not fit its tag", position) }
      return value
    case .some(let tag): throw DocumentError("unknown tag '\(tag)'", position)
    }
  }
}

/// The events of a YAML text, one after the other; the owner calls `close` once.
struct YAMLEvents {
  private let parser: UnsafeMutablePointer<yaml_parser_t>
  private let input: UnsafeMutableBufferPointer<UInt8>

  init(bytes: [UInt8]) {
    parser = .allocate(capacity: 1)
    input = .allocate(capacity: bytes.count)
    _ = input.initialize(from: bytes)
    yaml_parser_initialize(parser)
    yaml_parser_set_input_string(parser, input.baseAddress, input.count)
  }

  func close() {
    yaml_parser_delete(parser)
    parser.deallocate()
    input.deallocate()
  }

  /// The next event.
  ///
  /// - Throws: `DocumentError` when the text is not YAML.
  func next() throws(DocumentError) -> YAMLEvent {
    var event = yaml_event_t()
    guard yaml_parser_parse(parser, &event) == 1 else { throw error }
    defer { yaml_event_delete(&event) }
    let position = DocumentError.Position(event.start_mark)
    switch event.type {
    case YAML_STREAM_END_EVENT: return YAMLEvent(kind: .streamEnd, position: position)
    case YAML_DOCUMENT_START_EVENT: return YAMLEvent(kind: .documentStart, position: position)
    case YAML_ALIAS_EVENT:
      return YAMLEvent(kind: .alias, text: text(event.data.alias.anchor) ?? "", position: position)
    case YAML_SCALAR_EVENT:
      let scalar = event.data.scalar
      let value = String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
      return YAMLEvent(
        kind: .scalar, text: value, anchor: text(scalar.anchor), tag: text(scalar.tag),
        isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE, isLiteral: scalar.style == YAML_LITERAL_SCALAR_STYLE,
        position: position)
    case YAML_SEQUENCE_START_EVENT:
      return YAMLEvent(kind: .sequenceStart, anchor: text(event.data.sequence_start.anchor), position: position)
    case YAML_SEQUENCE_END_EVENT: return YAMLEvent(kind: .sequenceEnd, position: position)
    case YAML_MAPPING_START_EVENT:
      return YAMLEvent(kind: .mappingStart, anchor: text(event.data.mapping_start.anchor), position: position)
    case YAML_MAPPING_END_EVENT: return YAMLEvent(kind: .mappingEnd, position: position)
    default: return YAMLEvent(kind: .other, position: position)
    }
  }

  private var error: DocumentError {
    let problem = parser.pointee.problem.map { String(cString: $0) } ?? "not YAML"
    return DocumentError(problem, .init(parser.pointee.problem_mark))
  }

  private func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
    pointer.map { String(cString: $0) }
  }
}

extension DocumentError.Position {
  /// libyaml counts from 0.
  init(_ mark: yaml_mark_t) { self.init(line: Int(mark.line) + 1, column: Int(mark.column) + 1) }
}
