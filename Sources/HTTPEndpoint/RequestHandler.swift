import NIOCore
import NIOHTTP1

/// Puts requests together and writes their answers.
final class RequestHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private let bodyLimit: Int
  private let handler: HTTPEndpoint.Handler
  private var head: HTTPRequestHead?
  private var body: [UInt8] = []

  init(bodyLimit: Int, handler: @escaping HTTPEndpoint.Handler) {
    self.bodyLimit = bodyLimit
    self.handler = handler
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      self.head = head
      body = []
    case .body(let bytes):
      guard let head else { return }
      guard bytes.readableBytes <= bodyLimit - body.count else {
        self.head = nil
        let refusal = HTTPEndpoint.Answer(status: 413, "the body may have \(bodyLimit) bytes at most\n")
        return respond(context, head, refusal, closes: true)
      }
      body.append(contentsOf: bytes.readableBytesView)
    case .end:
      guard let head else { return }
      self.head = nil
      answer(context, head)
      body = []
    }
  }

  private func answer(_ context: ChannelHandlerContext, _ head: HTTPRequestHead) {
    let loopBound = NIOLoopBound((context, self), eventLoop: context.eventLoop)
    let eventLoop = context.eventLoop
    handler(HTTPEndpoint.Request(head, body: body)) { response in
      eventLoop.execute {
        let (context, handler) = loopBound.value
        handler.respond(context, head, response)
      }
    }
  }

  /// What is not HTTP was answered with status 400 by the pipeline; nothing sensible can follow it.
  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if event is IdleStateHandler.IdleStateEvent {
      context.close(promise: nil)
    } else {
      context.fireUserInboundEventTriggered(event)
    }
  }

  private func respond(
    _ context: ChannelHandlerContext, _ request: HTTPRequestHead, _ response: HTTPEndpoint.Answer,
    closes: Bool = false
  ) {
    guard context.channel.isActive else { return }
    var headers = HTTPHeaders()
    headers.add(name: "Content-Type", value: response.contentType)
    headers.add(name: "Content-Length", value: "\(response.text.utf8.count)")
    if closes { headers.add(name: "Connection", value: "close") }
    let head = HTTPResponseHead(
      version: request.version, status: HTTPResponseStatus(statusCode: response.status), headers: headers)
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    if request.method != .HEAD {
      context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: response.text)))), promise: nil)
    }
    let keepsAlive = request.isKeepAlive && !closes
    let channel = context.channel
    context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in
      if !keepsAlive { channel.close(promise: nil) }
    }
  }
}
