import GRPCCore
import GRPCNIOTransportHTTP2Posix
import NIOCore
import NIOPosix
import Synchronization

/// A connection to one endpoint, which is made when it is first used.
final class EtcdConnection: Sendable {
  typealias Transport = HTTP2ClientTransport.Posix

  let endpoint: EtcdEndpoint
  let client: GRPCClient<Transport>
  let transport: Transport
  /// Ends when the client was shut down and its last call has ended.
  let runner: Task<Void, Never>

  /// - Throws: `EtcdError.badCertificate` when files of certificates cannot be used.
  init(_ endpoint: EtcdEndpoint, _ tls: EtcdTLS?) throws(EtcdError) {
    self.endpoint = endpoint
    var config = Transport.Config.defaults
    // Pings find out that a peer is gone without a word. Etcd allows one in five seconds, the library one in ten.
    config.connection = .init(
      maxIdleTime: .seconds(1800), keepalive: .init(time: .seconds(10), timeout: .seconds(5), allowWithoutCalls: true))
    config.channelDebuggingCallbacks.onCreateTCPConnection = { PingResponder.add(to: $0) }
    do {
      transport = try Transport(
        target: endpoint.target, transportSecurity: endpoint.isSecure ? Self.security(tls ?? EtcdTLS()) : .plaintext,
        config: config, eventLoopGroup: ConnectionThread.shared.eventLoops)
      let client = GRPCClient(transport: transport)
      self.client = client
      // What ends a connection is told by the calls on it.
      runner = Task { try? await client.runConnections() }
    } catch {
      throw .badCertificate(
        (error as? RuntimeError).map { "\($0.message) \($0.cause.map { "\($0)" } ?? "")" } ?? "\(error)")
    }
  }

  private static func security(_ tls: EtcdTLS) -> Transport.TransportSecurity {
    if let texts = tls.texts {
      return .mTLS(
        certificateChain: [.bytes(Array(texts.certificate.utf8), format: .pem)],
        privateKey: .bytes(Array(texts.key.utf8), format: .pem)
      ) { $0.trustRoots = .certificates([.bytes(Array(texts.authorities.utf8), format: .pem)]) }
    }
    let roots: TLSConfig.TrustRootsSource =
      tls.authorities.map { .certificates([.file(path: $0, format: .pem)]) } ?? .systemDefault
    guard let identity = tls.identity else { return .tls { $0.trustRoots = roots } }
    return .mTLS(
      certificateChain: [.file(path: identity.certificate, format: .pem)],
      privateKey: .file(path: identity.key, format: .pem)
    ) { $0.trustRoots = roots }
  }

  /// Takes no more calls; those on it go on.
  func leave() { client.beginGracefulShutdown() }
}

extension EtcdEndpoint {
  /// Names are asked of DNS; numbers are not, so that certificates for addresses are checked against them.
  fileprivate var target: any ResolvableTarget {
    if (try? NIOCore.SocketAddress(ipAddress: host, port: port)) == nil { return .dns(host: host, port: port) }
    return host.contains(":") ? .ipv6(address: host, port: port) : .ipv4(address: host, port: port)
  }
}

/// The endpoints of a cluster, one of which is used until it fails.
final class EndpointPool: Sendable {
  private struct State {
    var index: Int
    var connection: EtcdConnection?
    /// Left, with calls that have not ended yet.
    var former: [EtcdConnection] = []
    var isClosed = false
  }

  let endpoints: [EtcdEndpoint]
  private let tls: EtcdTLS?
  private let state: Mutex<State>

  init(_ endpoints: [EtcdEndpoint], _ tls: EtcdTLS?) {
    self.endpoints = endpoints
    self.tls = tls
    // Clients that start together do not all go to the first.
    state = Mutex(State(index: Int.random(in: endpoints.indices)))
  }

  /// The connection in use.
  ///
  /// - Throws: `EtcdError.cancelled` after ``close()``, `.badCertificate` when files of certificates cannot be used.
  func connection() throws(EtcdError) -> EtcdConnection {
    try state.withLock { (state) throws(EtcdError) -> EtcdConnection in
      guard !state.isClosed else { throw .cancelled }
      if let connection = state.connection { return connection }
      let connection = try EtcdConnection(endpoints[state.index], tls)
      state.connection = connection
      return connection
    }
  }

  /// Goes on to the next endpoint, unless somebody else has done so already.
  func leave(_ connection: EtcdConnection) {
    let isLeft = state.withLock { state in
      guard state.connection === connection else { return false }
      state.connection = nil
      state.index = (state.index + 1) % endpoints.count
      state.former.append(connection)
      return true
    }
    guard isLeft else { return }
    connection.leave()
    Task {
      await connection.runner.value
      state.withLock { state in state.former.removeAll { $0 === connection } }
    }
  }

  /// Ends all connections and the calls on them.
  func close() async {
    let open = state.withLock { state in
      defer { (state.connection, state.former, state.isClosed) = (nil, [], true) }
      return state.former + (state.connection.map { [$0] } ?? [])
    }
    for connection in open { connection.runner.cancel() }
    for connection in open { await connection.runner.value }
  }
}
