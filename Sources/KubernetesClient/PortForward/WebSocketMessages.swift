/// Puts messages together from frames.
struct WebSocketMessages {
  enum Message: Equatable {
    case data([UInt8])
    /// Wants a pong with the same bytes.
    case ping([UInt8])
    /// The other end closes; the code is nil when it gave none (RFC 6455, section 7.4).
    case close(code: Int?, reason: String)
  }

  private var decoder = WebSocketFrameDecoder()
  /// The fragments of a message so far; nil between messages.
  private var partial: [UInt8]?

  mutating func append(_ bytes: some Sequence<UInt8>) { decoder.append(bytes) }

  /// The next whole message, nil when more bytes are needed.
  mutating func next() throws(WebSocketError) -> Message? {
    while let frame = try decoder.next() {
      switch frame.opcode {
      case .ping: return .ping(frame.payload)
      case .pong: continue
      case .close: return .close(frame.payload)
      case .text, .binary:
        guard partial == nil else { throw WebSocketError(reason: "a message begins inside another") }
        if frame.isFinal { return .data(frame.payload) }
        partial = frame.payload
      case .continuation:
        guard let begun = partial else { throw WebSocketError(reason: "a message goes on that never began") }
        guard begun.count + frame.payload.count <= WebSocketFrameDecoder.limit else {
          throw WebSocketError(reason: "a message is too large")
        }
        partial = begun + frame.payload
        if frame.isFinal {
          defer { partial = nil }
          return partial.map { .data($0) }
        }
      }
    }
    return nil
  }
}

extension WebSocketMessages.Message {
  fileprivate static func close(_ payload: [UInt8]) -> Self {
    guard payload.count >= 2 else { return .close(code: nil, reason: "") }
    return .close(
      code: Int(payload[0]) << 8 | Int(payload[1]), reason: String(decoding: payload.dropFirst(2), as: UTF8.self))
  }
}
