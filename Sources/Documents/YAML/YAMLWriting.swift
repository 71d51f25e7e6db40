import CLibYAML
import OrderedCollections

extension Value {
  /// The value as one YAML document in block style, without `---`.
  public var yaml: String { Self.yaml([self]) }

  /// Several documents, `---` between them.
  public static func yaml(_ documents: [Value]) -> String {
    documents.map { YAMLEmitter.text(of: $0) }.joined(separator: "---\n")
  }
}

/// Emits a tree through libyaml.
private struct YAMLEmitter {
  /// Output of libyaml, which hands it over piece by piece.
  private final class Output {
    var bytes: [UInt8] = []
  }

  static func text(of value: Value) -> String {
    let output = Output()
    var emitter = yaml_emitter_t()
    yaml_emitter_initialize(&emitter)
    defer { yaml_emitter_delete(&emitter) }
    // libyaml keeps the pointer until the emitter is deleted, in this scope.
    withExtendedLifetime(output) {
      yaml_emitter_set_output(
        &emitter,
        { context, bytes, count in
          guard let context, let bytes else { return 0 }
          let output = Unmanaged<Output>.fromOpaque(context).takeUnretainedValue()
          output.bytes += UnsafeBufferPointer(start: bytes, count: count)
          return 1
        }, Unmanaged.passUnretained(output).toOpaque())
      yaml_emitter_set_unicode(&emitter, 1)
      yaml_emitter_set_width(&emitter, -1)
      var event = yaml_event_t()
      yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING)
      yaml_emitter_emit(&emitter, &event)
      yaml_document_start_event_initialize(&event, nil, nil, nil, 1)
      yaml_emitter_emit(&emitter, &event)
      emit(value, &emitter)
      yaml_document_end_event_initialize(&event, 1)
      yaml_emitter_emit(&emitter, &event)
      yaml_stream_end_event_initialize(&event)
      yaml_emitter_emit(&emitter, &event)
    }
    // libyaml marks the end of a document that is a bare scalar.
    let text = String(decoding: output.bytes, as: UTF8.self)
    return text.hasSuffix("\n...\n") ? String(text.dropLast(4)) : text
  }

  private static func emit(_ value: Value, _ emitter: inout yaml_emitter_t) {
    var event = yaml_event_t()
    switch value {
    case .null: scalar("null", YAML_PLAIN_SCALAR_STYLE, &emitter)
    case .boolean(let value): scalar(value ? "true" : "false", YAML_PLAIN_SCALAR_STYLE, &emitter)
    case .integer(let value): scalar(String(value), YAML_PLAIN_SCALAR_STYLE, &emitter)
    case .decimal(let text): scalar(text, YAML_PLAIN_SCALAR_STYLE, &emitter)
    case .string(let text): scalar(text, style(of: text), &emitter)
    case .array(let elements):
      let style = elements.isEmpty ? YAML_FLOW_SEQUENCE_STYLE : YAML_BLOCK_SEQUENCE_STYLE
      yaml_sequence_start_event_initialize(&event, nil, nil, 1, style)
      yaml_emitter_emit(&emitter, &event)
      for element in elements { emit(element, &emitter) }
      yaml_sequence_end_event_initialize(&event)
      yaml_emitter_emit(&emitter, &event)
    case .object(let fields):
      let style = fields.isEmpty ? YAML_FLOW_MAPPING_STYLE : YAML_BLOCK_MAPPING_STYLE
      yaml_mapping_start_event_initialize(&event, nil, nil, 1, style)
      yaml_emitter_emit(&emitter, &event)
      for (key, value) in fields {
        scalar(key, self.style(of: key), &emitter)
        emit(value, &emitter)
      }
      yaml_mapping_end_event_initialize(&event)
      yaml_emitter_emit(&emitter, &event)
    }
  }

  private static func scalar(_ text: String, _ style: yaml_scalar_style_t, _ emitter: inout yaml_emitter_t) {
    var text = text
    var event = yaml_event_t()
    text.withUTF8 { utf8 in
      _ = yaml_scalar_event_initialize(&event, nil, nil, utf8.baseAddress, Int32(utf8.count), 1, 1, style)
    }
    yaml_emitter_emit(&emitter, &event)
  }

  /// Plain where the text reads back as itself, also with a YAML 1.2 reader; block style for several lines.
  private static func style(of text: String) -> yaml_scalar_style_t {
    if text.contains("\n") { return YAML_LITERAL_SCALAR_STYLE }
    if case .string = PlainScalar.value(text), text != "<<", !text.hasPrefix("="), !text.looksLikeSpecialNumber {
      return YAML_PLAIN_SCALAR_STYLE
    }
    return YAML_DOUBLE_QUOTED_SCALAR_STYLE
  }
}

extension String {
  /// Infinities, NaN, base-60 numbers and dates, which other readers take for something else than text.
  fileprivate var looksLikeSpecialNumber: Bool {
    guard let first = utf8.first, (0x30...0x39).contains(first) || "+-.".utf8.contains(first) else { return false }
    return allSatisfy { "0123456789+-.:_TtZzeE ".contains($0) } || lowercased().hasSuffix(".inf")
      || lowercased().hasSuffix(".nan")
  }
}
