import JSON
import OrderedCollections

extension Value {
  /// Reads one JSON text (RFC 8259, UTF-8).
  ///
  /// - Throws: `DocumentError` with the place, also for a key that stands twice.
  public init(json bytes: [UInt8]) throws(DocumentError) {
    // An empty array has no base address, and no JSON text is empty.
    guard !bytes.isEmpty else { throw DocumentError("a value is expected") }
    let result: Result<Value, DocumentError> = bytes.withUnsafeBytes { buffer in
      do throws(JSONError) {
        var scanner = JSONScanner(buffer)
        let span = try scanner.scanValue()
        try scanner.finish()
        return .success(try read(span, buffer))
      } catch {
        return .failure(DocumentError(error.reason.description, position(of: error.offset, in: buffer)))
      }
    }
    self = try result.get()
  }

  /// Reads one JSON text.
  ///
  /// - Throws: `DocumentError` with line and column.
  public init(json text: String) throws(DocumentError) { try self.init(json: Array(text.utf8)) }
}

/// The tree of a validated value.
private func read(_ span: JSONSpan, _ buffer: UnsafeRawBufferPointer) throws(JSONError) -> Value {
  var scanner = JSONScanner(buffer, from: span.start)
  switch span.kind {
  case .null: return .null
  case .boolean: return .boolean(buffer[span.start] == UInt8(ascii: "t"))
  case .string: return .string(buffer.string(span))
  case .number:
    let text = String(decoding: buffer.slice(span), as: UTF8.self)
    return Int64(text).map { .integer($0) } ?? .decimal(text)
  case .array:
    var elements: [Value] = []
    try scanner.scanArray { element throws(JSONError) in elements.append(try read(element, buffer)) }
    return .array(elements)
  case .object:
    var fields = Fields()
    try scanner.scanObject { key, value throws(JSONError) in
      let name = buffer.string(key)
      guard fields[name] == nil else { throw JSONError(reason: "a key stands twice", offset: key.start) }
      fields[name] = try read(value, buffer)
    }
    return .object(fields)
  }
}

private func position(of offset: Int, in buffer: UnsafeRawBufferPointer) -> DocumentError.Position {
  let before = buffer.prefix(offset)
  let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
  return .init(line: before.count { $0 == UInt8(ascii: "\n") } + 1, column: offset - lineStart + 1)
}
