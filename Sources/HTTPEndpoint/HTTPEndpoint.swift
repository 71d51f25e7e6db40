import NIOCore
import NIOHTTP1
import NIOPosix
import Support

/// A small HTTP server for metrics and health checks: GET and HEAD of fixed paths.
///
/// It runs on a thread of its own; a route's answer may come from any thread.
public final class HTTPEndpoint: Sendable {
  /// What a path answers.
  public struct Answer: Sendable {
    public var status: Int
    public var text: String

    public init(status: Int = 200, _ text: String) {
      self.status = status
      self.text = text
    }

    public static let ok = Answer("ok\n")
  }

  /// Produces an answer and hands it to the closure, on any thread.
  public typealias Route = @Sendable (@escaping @Sendable (Answer) -> Void) -> Void

  private let group: MultiThreadedEventLoopGroup
  private let channel: any Channel

  /// Listens on a port of all IPv4 addresses.
  ///
  /// - Parameters:
  ///   - port: 0 for a free one.
  ///   - routes: what each path answers.
  ///   - flag: the flag that chose the port, for the hint of an error.
  /// - Throws: `CommandError` when the port cannot be had.
  public init(port: UInt16, routes: [String: Route], flag: String) throws(CommandError) {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let bootstrap = ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 16)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.configureHTTPServerPipeline()
          try channel.pipeline.syncOperations.addHandler(RequestAnswerer(routes: routes))
        }
      }
    do {
      channel = try bootstrap.bind(host: "0.0.0.0", port: Int(port)).wait()
    } catch {
      try? group.syncShutdownGracefully()
      throw CommandError(
        .failed, "cannot listen on port \(port)", cause: "\(error)", hint: "choose another with \(flag)")
    }
    self.group = group
  }

  /// Closes the port and all its connections, and ends the thread.
  public func stop() { try? group.syncShutdownGracefully() }

  /// The port it listens on.
  public var port: Int { channel.localAddress?.port ?? 0 }
}
