import NIOCore
import NIOHTTP1

/// Answers the requests of one connection.
final class RequestAnswerer: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private let routes: [String: HTTPEndpoint.Route]

  init(routes: [String: HTTPEndpoint.Route]) { self.routes = routes }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard case .head(let head) = unwrapInboundIn(data) else { return }
    guard head.method == .GET || head.method == .HEAD else {
      return respond(context, head, .init(status: 405, "only GET is answered here\n"))
    }
    guard let route = routes[String(head.uri.prefix { $0 != "?" })] else {
      let paths = routes.keys.sorted().joined(separator: ", ")
      return respond(context, head, .init(status: 404, "try \(paths)\n"))
    }
    let loopBound = NIOLoopBound((context, self), eventLoop: context.eventLoop)
    let eventLoop = context.eventLoop
    route { answer in
      eventLoop.execute {
        let (context, handler) = loopBound.value
        handler.respond(context, head, answer)
      }
    }
  }

  /// What is not HTTP was answered with status 400 by the pipeline; nothing sensible can follow it.
  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

  private func respond(_ context: ChannelHandlerContext, _ request: HTTPRequestHead, _ answer: HTTPEndpoint.Answer) {
    guard context.channel.isActive else { return }
    var headers = HTTPHeaders()
    headers.add(name: "Content-Type", value: "text/plain; version=0.0.4; charset=utf-8")
    headers.add(name: "Content-Length", value: "\(answer.text.utf8.count)")
    let status = HTTPResponseStatus(statusCode: answer.status)
    context.write(
      wrapOutboundOut(.head(HTTPResponseHead(version: request.version, status: status, headers: headers))),
      promise: nil)
    if request.method != .HEAD {
      context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: answer.text)))), promise: nil)
    }
    let keepsAlive = request.isKeepAlive
    let channel = context.channel
    context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in
      if !keepsAlive { channel.close(promise: nil) }
    }
  }
}
