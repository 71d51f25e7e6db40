import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import ServiceLifecycle
import Support
import Synchronization

/// A small HTTP/1.1 server: metrics, health, webhooks. It has one thread of its own.
public final class HTTPEndpoint: Service {
  /// Handles a request by calling the closure with the response once, on any thread.
  public typealias Handler = @Sendable (Request, _ respond: @escaping @Sendable (Response) -> Void) -> Void

  /// Gives the certificate of a new connection; nil closes it. Called on the server's thread, so it must be quick.
  public typealias TLS = @Sendable () -> NIOSSLContext?

  private let group: MultiThreadedEventLoopGroup
  private let channel: any Channel
  private let load: EndpointLoad

  /// Listens.
  ///
  /// - Parameters:
  ///   - flag: the flag that chose the address, for the hint of an error.
  ///   - bodyLimit: bytes of a request's body that are taken; longer ones are answered with 413.
  ///   - tls: nil speaks plain HTTP.
  /// - Throws: `ProgramError` when the address cannot be had.
  public init(
    _ address: ListenAddress, flag: String, bodyLimit: Int = 0, tls: TLS? = nil, handler: @escaping Handler
  ) throws(ProgramError) {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let load = EndpointLoad(bodyLimit: bodyLimit)
    let bootstrap = ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 128)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          if let tls {
            guard let context = tls() else { throw NoCertificate() }
            try pipeline.addHandler(NIOSSLServerHandler(context: context))
          }
          try pipeline.addHandler(IdleStateHandler(allTimeout: Self.idleTimeout))
          try pipeline.configureHTTPServerPipeline()
          try pipeline.addHandler(HTTPRequestHandler(load: load, handler: handler))
        }
      }
    do {
      channel = try Self.bind(bootstrap, to: address)
    } catch {
      try? group.syncShutdownGracefully()
      throw ProgramError(
        .failed, "cannot listen on \(address)", cause: Self.reason(error),
        hint: "choose another with \(flag)")
    }
    self.group = group
    self.load = load
  }

  /// The words of the system for an error of a socket.
  private static func reason(_ error: any Error) -> String {
    (error as? IOError).map { errorText($0.errnoCode) } ?? "\(error)"
  }

  private struct NoCertificate: Error {}

  /// Time for which a connection may be silent. API servers close theirs after 90 seconds; this side must not be first,
  /// or it could close just when a request is on its way.
  private static let idleTimeout: TimeAmount = .seconds(150)

  private static func bind(_ bootstrap: ServerBootstrap, to address: ListenAddress) throws -> any Channel {
    if let host = address.host { return try bootstrap.bind(host: host, port: address.port).wait() }
    // A socket of IPv6 takes IPv4 as well, where the machine has IPv6 at all.
    if let channel = try? bootstrap.bind(host: "::", port: address.port).wait() { return channel }
    return try bootstrap.bind(host: "0.0.0.0", port: address.port).wait()
  }

  /// Serves until it is told to end or its task is cancelled.
  public func run() async {
    try? await gracefulShutdown()
    try? await group.shutdownGracefully()
  }

  /// Closes the port and all its connections, and ends the thread.
  public func stop() { try? group.syncShutdownGracefully() }

  /// Serves clients that have not heard yet for a grace period, in which every response ends its connection; then stops.
  ///
  /// It waits for that long even when its task is cancelled.
  public func stop(after grace: Duration) async {
    load.isClosing.store(true, ordering: .relaxed)
    await Task.detached { try? await Task.sleep(for: grace) }.value
    try? await channel.close()
    try? await group.shutdownGracefully()
  }

  /// The port it listens on.
  public var port: Int { channel.localAddress?.port ?? 0 }
}
