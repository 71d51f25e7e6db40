/// One frame of a WebSocket (RFC 6455, section 5.2).
struct WebSocketFrame: Equatable {
  enum Opcode: UInt8 {
    case continuation = 0x0
    case text = 0x1
    case binary = 0x2
    case close = 0x8
    case ping = 0x9
    case pong = 0xA

    var isControl: Bool { rawValue >= 0x8 }
  }

  var isFinal = true
  let opcode: Opcode
  let payload: [UInt8]

  /// The frame as a client sends it: masked.
  ///
  /// - Parameter mask: four unpredictable bytes.
  func encoded(mask: [UInt8]) -> [UInt8] {
    var bytes: [UInt8] = [(isFinal ? 0x80 : 0) | opcode.rawValue]
    switch payload.count {
    case ..<126: bytes.append(0x80 | UInt8(payload.count))
    case ..<65536: bytes += [0x80 | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
    default:
      bytes.append(0x80 | 127)
      bytes += stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: payload.count >> $0) }
    }
    bytes += mask
    bytes.reserveCapacity(bytes.count + payload.count)
    for (index, byte) in payload.enumerated() { bytes.append(byte ^ mask[index & 3]) }
    return bytes
  }
}

/// A breach of the WebSocket protocol by the other end.
struct WebSocketError: Error, Equatable {
  let reason: String
}

/// Takes frames of a server out of a stream of bytes.
struct WebSocketFrameDecoder {
  /// Bytes of payload a frame may have.
  static let limit = 16 << 20

  private var bytes: [UInt8] = []
  private var start = 0

  mutating func append(_ more: some Sequence<UInt8>) {
    bytes.removeFirst(start)
    start = 0
    bytes += more
  }

  /// The next whole frame, nil when more bytes are needed.
  mutating func next() throws(WebSocketError) -> WebSocketFrame? {
    let rest = bytes[start...]
    guard rest.count >= 2 else { return nil }
    let (first, second) = (rest[start], rest[start + 1])
    guard first & 0x70 == 0 else { throw WebSocketError(reason: "reserved bits are set") }
    guard let opcode = WebSocketFrame.Opcode(rawValue: first & 0x0F) else {
      throw WebSocketError(reason: "unknown opcode \(first & 0x0F)")
    }
    guard second & 0x80 == 0 else { throw WebSocketError(reason: "a server's frame is masked") }
    let isFinal = first & 0x80 != 0
    if opcode.isControl, !isFinal || second > 125 {
      throw WebSocketError(reason: "a control frame is fragmented or too long")
    }
    let lengthBytes = second == 126 ? 2 : second == 127 ? 8 : 0
    guard rest.count >= 2 + lengthBytes else { return nil }
    let length =
      lengthBytes == 0
      ? UInt64(second) : rest.dropFirst(2).prefix(lengthBytes).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= UInt64(Self.limit) else { throw WebSocketError(reason: "a frame of \(length) bytes is too large") }
    let payload = rest.dropFirst(2 + lengthBytes)
    guard payload.count >= Int(length) else { return nil }
    start = payload.startIndex + Int(length)
    return WebSocketFrame(isFinal: isFinal, opcode: opcode, payload: Array(payload.prefix(Int(length))))
  }
}
