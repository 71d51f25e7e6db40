import JSON
import StoreProtocol

/// Builds one framed message in a buffer that is reused.
extension ByteWriter {
  /// Starts a message and leaves room for its header.
  func beginFrame() {
    removeAll()
    append(littleEndian: 0)
  }

  /// Writes the header of the message.
  func endFrame() { patch(littleEndian: UInt64(count - Frame.headerSize), at: 0) }

  /// A whole reply that has no fields but its type.
  func reply(_ type: StaticString) {
    beginFrame()
    append("{\"type\":\"")
    append(type)
    append("\"}")
    endFrame()
  }

  /// A whole error reply.
  func reply(_ error: StoreError) { reply(code: UInt64(error.code.rawValue), message: error.message) }

  func reply(code: UInt64, message: String) {
    beginFrame()
    append("{\"code\":")
    append(decimal: code)
    append(",\"message\":")
    append(jsonString: message)
    append("}")
    endFrame()
  }

  /// A comma-separated list, each element written by `body`.
  func list<Element>(_ elements: some Sequence<Element>, _ body: (Element) -> Void) {
    var isFirst = true
    for element in elements {
      if !isFirst { append(UInt8(ascii: ",")) }
      isFirst = false
      body(element)
    }
  }
}
