import Testing

@testable import KubernetesClient

@Suite("WebSocket frames")
struct WebSocketFrameTests {
  private func frames(_ bytes: [UInt8]) throws -> [WebSocketFrame] {
    var decoder = WebSocketFrameDecoder()
    var frames: [WebSocketFrame] = []
    for byte in bytes {
      decoder.append([byte])
      while let frame = try decoder.next() { frames.append(frame) }
    }
    return frames
  }

  @Test("the examples of RFC 6455, section 5.7")
  func examples() throws {
    let hello = Array("Hello".utf8)
    #expect(
      WebSocketFrame(opcode: .text, payload: hello).encoded(mask: [0x37, 0xFA, 0x21, 0x3D])
        == [0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58])
    #expect(try frames([0x81, 0x05] + hello) == [WebSocketFrame(opcode: .text, payload: hello)])
    #expect(try frames([0x89, 0x05] + hello) == [WebSocketFrame(opcode: .ping, payload: hello)])
  }

  @Test("lengths of each size are written and read", arguments: [0, 125, 126, 65535, 65536, 100_000])
  func lengths(count: Int) throws {
    let payload = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
    var sent = WebSocketFrame(opcode: .binary, payload: payload).encoded(mask: [0, 0, 0, 0])
    // A server's frame is the same without the mask.
    let maskStart = sent.count - count - 4
    sent.removeSubrange(maskStart..<maskStart + 4)
    sent[1] &= 0x7F
    var decoder = WebSocketFrameDecoder()
    decoder.append(sent)
    #expect(try decoder.next() == WebSocketFrame(opcode: .binary, payload: payload))
    #expect(try decoder.next() == nil)
  }

  @Test(
    "what a server must not send is refused",
    arguments: [
      [0xC1, 0x00],  // a reserved bit
      [0x83, 0x00],  // an unknown opcode
      [0x82, 0x80, 0, 0, 0, 0],  // masked
      [0x09, 0x00],  // a fragmented ping
      [0x89, 0x7E, 0, 126],  // a long ping
      [0x82, 0x7F, 0, 0, 0, 1, 0, 0, 0, 0],  // 4 GiB
    ] as [[UInt8]])
  func refused(bytes: [UInt8]) {
    #expect(throws: WebSocketError.self) { try frames(bytes) }
  }

  @Test("fragments become one message, with control frames between them")
  func fragments() throws {
    var messages = WebSocketMessages()
    messages.append([0x02, 0x01, 1, 0x89, 0x00, 0x00, 0x01, 2, 0x80, 0x01, 3, 0x88, 0x04, 0x03, 0xE8, 0x6F, 0x6B])
    #expect(try messages.next() == .ping([]))
    #expect(try messages.next() == .data([1, 2, 3]))
    #expect(try messages.next() == .close(code: 1000, reason: "ok"))
    #expect(try messages.next() == nil)
  }

  @Test(
    "a continuation of nothing, and a message inside another, are refused",
    arguments: [[0x80, 0x00], [0x02, 0x00, 0x02, 0x00]] as [[UInt8]])
  func disorder(bytes: [UInt8]) {
    var messages = WebSocketMessages()
    messages.append(bytes)
    #expect(throws: WebSocketError.self) { while try messages.next() != nil {} }
  }
}

@Suite("the WebSocket handshake")
struct WebSocketHandshakeTests {
  private let handshake = WebSocketHandshake(key: Array("the sample nonce".utf8))

  private func head(_ accept: String, protocol name: String = "v4.channel.k8s.io", status: Int = 101) -> HTTPHead {
    HTTPHead(
      status: status,
      headers: [
        HTTPHeader("upgrade", "WebSocket"), HTTPHeader("sec-websocket-accept", accept),
        HTTPHeader("sec-websocket-protocol", name),
      ])
  }

  @Test("the example of RFC 6455, section 1.3")
  func example() {
    #expect(handshake.key == "dGhlIHNhbXBsZSBub25jZQ==")
    #expect(handshake.accepts(head("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")))
  }

  @Test("another proof, protocol or status is no upgrade")
  func others() {
    #expect(!handshake.accepts(head("s3pPLMBiTxaQ9kYGzzhZRbK+xOO=")))
    #expect(!handshake.accepts(head("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", protocol: "chat")))
    #expect(!handshake.accepts(head("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", status: 200)))
  }

  @Test("the request names the target, its headers and the upgrade")
  func request() {
    let text = String(
      decoding: handshake.request(target: "/p?q=1", headers: [HTTPHeader("Host", "h:1")]), as: UTF8.self)
    #expect(text.hasPrefix("GET /p?q=1 HTTP/1.1\r\nHost: h:1\r\nConnection: Upgrade\r\n"))
    #expect(text.hasSuffix("Sec-WebSocket-Protocol: v4.channel.k8s.io\r\n\r\n"))
  }
}
