import Glibc

/// A WebSocket to one port of a pod; used by one thread at a time.
///
/// Sendable because it goes from the thread that opened it to the one that pumps, never to two at once.
final class PodChannel: @unchecked Sendable {
  private static let data: UInt8 = 0
  private static let error: UInt8 = 1

  private let connection: RawConnection
  private var messages = WebSocketMessages()
  private var buffer = [UInt8](repeating: 0, count: 1 << 16)
  /// Bytes for the socket.
  private var outgoing: ArraySlice<UInt8> = []
  /// Channels whose first message, the port, has come.
  private var announced: Set<UInt8> = []
  private(set) var isAtEnd = false

  var descriptor: CInt { connection.descriptor }
  /// Bytes that the socket has not taken yet.
  var backlog: Int { outgoing.count }

  /// Goes on after the handshake.
  ///
  /// - Parameter rest: what arrived behind the server's answer.
  init(_ connection: RawConnection, rest: ArraySlice<UInt8>) {
    self.connection = connection
    messages.append(rest)
  }

  /// Sends bytes to the pod's port.
  func send(_ bytes: ArraySlice<UInt8>) throws {
    enqueue(.binary, [Self.data] + bytes)
    try flush()
  }

  /// Says good-bye.
  func close() throws {
    enqueue(.close, [0x03, 0xE8])
    try flush()
  }

  private func enqueue(_ opcode: WebSocketFrame.Opcode, _ payload: [UInt8]) {
    outgoing += WebSocketFrame(opcode: opcode, payload: payload).encoded(mask: randomBytes(4))
  }

  /// Hands on the bytes that the socket takes.
  func flush() throws {
    while !outgoing.isEmpty, let count = try connection.send(outgoing) { outgoing = outgoing.dropFirst(count) }
    if outgoing.isEmpty { outgoing = [] }
  }

  /// Takes bytes that have arrived from the pod's port, without waiting; at most a little more than `limit`.
  ///
  /// - Throws: `TransportFailure`, of kind `podUnreachable` when the node cannot reach the port.
  func receive(limit: Int) throws -> [UInt8] {
    var bytes = try take()
    while bytes.count < limit, !isAtEnd, let count = try connection.receive(into: &buffer) {
      if count == 0 { isAtEnd = true }
      messages.append(buffer[..<count])
      bytes += try take()
    }
    try flush()
    return bytes
  }

  private func nextMessage() throws(TransportFailure) -> WebSocketMessages.Message? {
    do throws(WebSocketError) {
      return try messages.next()
    } catch {
      throw TransportFailure(.malformedAnswer, error.reason)
    }
  }

  private func take() throws -> [UInt8] {
    var bytes: [UInt8] = []
    while let message = try nextMessage() {
      switch message {
      case .data(let content): bytes += try take(content)
      case .ping(let content): enqueue(.pong, content)
      case .close(let code, let reason):
        isAtEnd = true
        if let code, code != 1000, code != 1001 {
          throw TransportFailure(.podUnreachable, reason.isEmpty ? "the tunnel was closed with code \(code)" : reason)
        }
      }
    }
    return bytes
  }

  private func take(_ message: [UInt8]) throws -> ArraySlice<UInt8> {
    guard let channel = message.first else { return [] }
    let content = message.dropFirst()
    // The first message of each channel repeats the port.
    if announced.insert(channel).inserted { return [] }
    if channel == Self.error, !content.isEmpty {
      throw TransportFailure(.podUnreachable, String(decoding: content, as: UTF8.self))
    }
    return channel == Self.data ? content : []
  }
}
