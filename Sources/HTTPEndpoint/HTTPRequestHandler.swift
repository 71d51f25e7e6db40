import NIOCore
import NIOHTTP1
import Synchronization

/// Puts the requests of one connection together and writes the responses.
final class HTTPRequestHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private let load: EndpointLoad
  private let handler: HTTPEndpoint.Handler
  private var head: HTTPRequestHead?
  private var body: [UInt8] = []
  /// Set when the body is not wanted: its rest is dropped, since a client that still sends may miss the response.
  private var refusal: HTTPEndpoint.Response?
  private var dropped = 0

  init(load: EndpointLoad, handler: @escaping HTTPEndpoint.Handler) {
    self.load = load
    self.handler = handler
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head): self.head = head
    case .body(let bytes): take(bytes, context)
    case .end:
      guard let head else { return }
      self.head = nil
      defer { dropBody() }
      if let refusal {
        respond(context, head, refusal, closes: true)
      } else {
        handle(context, head)
      }
    }
  }

  private func take(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
    let count = bytes.readableBytes
    guard refusal == nil else {
      dropped += count
      if dropped > 4 * load.bodyLimit + 1 << 20 { context.close(promise: nil) }
      return
    }
    if count > load.bodyLimit - body.count {
      dropBody()
      refusal = HTTPEndpoint.Response(status: 413, "the body may have \(load.bodyLimit) bytes at most\n")
    } else if !load.take(count) {
      dropBody()
      refusal = HTTPEndpoint.Response(status: 503, "too many requests at once\n")
    } else {
      body.append(contentsOf: bytes.readableBytesView)
    }
  }

  private func dropBody() {
    load.give(back: body.count)
    body = []
    refusal = nil
    dropped = 0
  }

  func channelInactive(context: ChannelHandlerContext) {
    dropBody()
    context.fireChannelInactive()
  }

  private func handle(_ context: ChannelHandlerContext, _ head: HTTPRequestHead) {
    let loopBound = NIOLoopBound((context, self), eventLoop: context.eventLoop)
    let eventLoop = context.eventLoop
    handler(HTTPEndpoint.Request(head, body: body)) { response in
      eventLoop.execute {
        let (context, handler) = loopBound.value
        handler.respond(context, head, response)
      }
    }
  }

  /// Closes the connection: the pipeline has answered with status 400, and nothing sensible can follow.
  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if event is IdleStateHandler.IdleStateEvent {
      context.close(promise: nil)
    } else {
      context.fireUserInboundEventTriggered(event)
    }
  }

  private func respond(
    _ context: ChannelHandlerContext, _ request: HTTPRequestHead, _ response: HTTPEndpoint.Response,
    closes: Bool = false
  ) {
    guard context.channel.isActive else { return }
    let keepsAlive = request.isKeepAlive && !closes && !load.isClosing.load(ordering: .relaxed)
    var headers = HTTPHeaders()
    headers.add(name: "Content-Type", value: response.contentType)
    headers.add(name: "Content-Length", value: "\(response.text.utf8.count)")
    if let challenge = response.challenge { headers.add(name: "WWW-Authenticate", value: challenge) }
    if !keepsAlive { headers.add(name: "Connection", value: "close") }
    let head = HTTPResponseHead(
      version: request.version, status: HTTPResponseStatus(statusCode: response.status), headers: headers)
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    if request.method != .HEAD {
      context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: response.text)))), promise: nil)
    }
    let channel = context.channel
    context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in
      if !keepsAlive { channel.close(promise: nil) }
    }
  }
}

/// Limits that the connections of an endpoint share.
final class EndpointLoad: Sendable {
  /// Bytes of one body.
  let bodyLimit: Int
  /// Bytes of all bodies that may be held at once, so that many clients cannot use up the memory.
  private let total: Int
  private let held = Atomic(0)
  /// Whether every answer ends its connection.
  let isClosing = Atomic(false)

  init(bodyLimit: Int) {
    self.bodyLimit = bodyLimit
    total = 4 * bodyLimit
  }

  /// - Returns: false when there is no room.
  func take(_ bytes: Int) -> Bool {
    let (_, sum) = held.add(bytes, ordering: .relaxed)
    guard sum > total else { return true }
    give(back: bytes)
    return false
  }

  func give(back bytes: Int) { _ = held.subtract(bytes, ordering: .relaxed) }
}
