import NIOCore
import NIOHTTP1
import NIOPosix
import Support

/// The HTTP server of `/metrics`, `/healthz` and `/readyz`.
///
/// It runs on a thread of its own and asks the loop for the text, so that the loop needs no locks.
final class MetricsEndpoint: Sendable {
  /// Produces the metrics text and hands it to the closure, on any thread.
  typealias Source = @Sendable (@escaping @Sendable (String) -> Void) -> Void

  private let group: MultiThreadedEventLoopGroup
  private let channel: any Channel

  init(port: UInt16, source: @escaping Source) throws(CommandError) {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let bootstrap = ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 16)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.configureHTTPServerPipeline()
          try channel.pipeline.syncOperations.addHandler(MetricsHandler(source: source))
        }
      }
    do {
      channel = try bootstrap.bind(host: "0.0.0.0", port: Int(port)).wait()
    } catch {
      try? group.syncShutdownGracefully()
      throw CommandError(
        .failed, "cannot listen on port \(port) for metrics", cause: "\(error)",
        hint: "choose another with --metrics_port")
    }
    self.group = group
  }

  /// Closes the port and all its connections, and ends the thread.
  func stop() { try? group.syncShutdownGracefully() }

  /// The port it listens on.
  var port: Int { channel.localAddress?.port ?? 0 }
}

private final class MetricsHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private let source: MetricsEndpoint.Source

  init(source: @escaping MetricsEndpoint.Source) { self.source = source }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard case .head(let head) = unwrapInboundIn(data) else { return }
    let path = head.uri.prefix { $0 != "?" }
    guard head.method == .GET || head.method == .HEAD else {
      return respond(context, head, .methodNotAllowed, "only GET is answered here\n")
    }
    switch path {
    case "/metrics":
      let loopBound = NIOLoopBound((context, self), eventLoop: context.eventLoop)
      let eventLoop = context.eventLoop
      source { text in
        eventLoop.execute {
          let (context, handler) = loopBound.value
          handler.respond(context, head, .ok, text)
        }
      }
    case "/healthz", "/readyz": respond(context, head, .ok, "ok\n")
    default: respond(context, head, .notFound, "try /metrics\n")
    }
  }

  /// What is not HTTP was answered with status 400 by the pipeline; nothing sensible can follow it.
  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

  private func respond(
    _ context: ChannelHandlerContext, _ request: HTTPRequestHead, _ status: HTTPResponseStatus, _ text: String
  ) {
    guard context.channel.isActive else { return }
    var headers = HTTPHeaders()
    headers.add(name: "Content-Type", value: "text/plain; version=0.0.4; charset=utf-8")
    headers.add(name: "Content-Length", value: "\(text.utf8.count)")
    let head = HTTPResponseHead(version: request.version, status: status, headers: headers)
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    if request.method != .HEAD {
      context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
    }
    let keepsAlive = request.isKeepAlive
    let channel = context.channel
    context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in
      if !keepsAlive { channel.close(promise: nil) }
    }
  }
}
