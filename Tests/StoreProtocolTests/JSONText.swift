import JSON
import StoreProtocol

/// JSON text at an address of its own, as a receive buffer would hold it.
final class JSONText {
  let bytes: UnsafeRawBufferPointer

  init(_ text: String) { bytes = Self.copy(Array(text.utf8)) }

  init(bytes: [UInt8]) { self.bytes = Self.copy(bytes) }

  deinit { bytes.deallocate() }

  private static func copy(_ source: [UInt8]) -> UnsafeRawBufferPointer {
    // Exactly as long as the text, so that reading past the end is noticed by the sanitizers.
    let target = UnsafeMutableRawBufferPointer.allocate(byteCount: source.count, alignment: 1)
    target.copyBytes(from: source)
    return UnsafeRawBufferPointer(target)
  }

  /// Scans the whole text as one value.
  func value() throws(JSONError) -> JSONSpan {
    var scanner = JSONScanner(bytes)
    let span = try scanner.scanValue()
    try scanner.finish()
    return span
  }

  /// The text as a message.
  func message() throws(StoreError) -> RequestMessage {
    let message = RequestMessage()
    try message.parse(bytes)
    return message
  }
}

/// The bytes a writer holds, as text.
func text(_ write: (ByteWriter) -> Void) -> String {
  let writer = ByteWriter()
  write(writer)
  return String(decoding: writer.bytes, as: UTF8.self)
}
