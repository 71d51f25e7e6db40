import Coordination
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import Glibc
import HTTPEndpoint
import KubernetesClient
import Logging
import ServiceLifecycle
import Support

/// Options of the driver.
public struct DriverOptions: Sendable {
  /// The half of the driver that runs.
  public enum Mode: String, Sendable, CaseIterable {
    case all, controller, node

    var hasController: Bool { self != .node }
    var hasNode: Bool { self != .controller }
  }

  public var endpoint: DriverEndpoint
  /// Name of the Kubernetes node.
  public var nodeID: String
  public var mode: Mode = .all
  /// Directory that holds `<namespace>/<cluster>/vineyard.sock` of each store of this node.
  public var socketRoot = "/var/run/vineyard-kubernetes"
  /// State file of the original, read once.
  public var stateFile: String?
  /// HTTP port of the metrics, 0 for a free one, nil for none.
  public var metricsPort: UInt16?
  /// The cluster whose stores the controller works with, nil for the stores of this node alone.
  public var kubernetes: KubernetesClient?

  public init(endpoint: DriverEndpoint, nodeID: String) {
    self.endpoint = endpoint
    self.nodeID = nodeID
  }
}

/// The CSI driver: the services that its mode asks for, behind one endpoint.
public struct DriverServer: Sendable {
  private let options: DriverOptions
  private let log: Logger
  private let metrics = CallMetrics()

  public init(_ options: DriverOptions, log: Logger) {
    self.options = options
    self.log = log
  }

  /// Serves until its task is cancelled, then answers the calls that are running, for 10 seconds at most.
  ///
  /// - Throws: `ProgramError` when the endpoint or the metrics port cannot be had.
  public func run() async throws {
    signal(SIGPIPE, SIG_IGN)
    switch options.endpoint {
    case .unix(let path):
      let socket = try EndpointSocket(path: path)
      defer { socket.removePath() }
      try await serve(
        .init(listeningSocketDescriptor: Int(socket.file), transportSecurity: .plaintext, config: Self.transport))
    case .tcp(let host, let port):
      let address: SocketAddress =
        host.contains(":") ? .ipv6(host: host, port: Int(port)) : .ipv4(host: host, port: Int(port))
      try await serve(.init(address: address, transportSecurity: .plaintext, config: Self.transport))
    }
  }

  /// The provisioner alone works on 100 volumes at once. A client that isn't told a limit opens more streams than the
  /// library takes, which costs it the connection and every call on it.
  private static let transport = HTTP2ServerTransport.Posix.Config.defaults {
    $0.http2.maxConcurrentStreams = 1000
  }

  private func serve(_ transport: HTTP2ServerTransport.Posix) async throws {
    let server = GRPCServer(
      transport: transport, services: try calls(), interceptors: [CallObserver(log: log, metrics: metrics)])
    var services: [any Service] = try metricsEndpoint().map { [$0] } ?? []
    if let reporter = lossReporter() { services.append(CancellableService { await reporter.run() }) }
    if let reconciler = volumeReconciler() { services.append(CancellableService { await reconciler.run() }) }
    services.append(CallService(server: server, endpoint: options.endpoint, log: log))
    log.info("\(IdentityService.driverName) \(Version.product), mode \(options.mode.rawValue): \(options.endpoint)")
    try await runServices(services, endingWithin: .seconds(10))
  }

  private func calls() throws -> [any RegistrableRPCService] {
    var dependencies: [Readiness.Dependency] = []
    if options.mode.hasController, let client = options.kubernetes { dependencies.append(.server(client)) }
    if options.mode.hasNode || options.kubernetes == nil { dependencies.append(.directory(options.socketRoot)) }
    let readiness = Readiness(dependencies, log: log)
    var services: [any RegistrableRPCService] = [
      IdentityService(isController: options.mode.hasController, readiness: readiness)
    ]
    if options.mode.hasController {
      services.append(
        ControllerService(
          client: options.kubernetes, nodeID: options.nodeID, socketRoot: options.socketRoot,
          stateFile: options.stateFile, log: log))
    }
    if options.mode.hasNode {
      services.append(NodeService(nodeID: options.nodeID, socketRoot: options.socketRoot, log: log))
    }
    return services
  }

  private func lossReporter() -> LossReporter? {
    guard options.mode.hasController, let client = options.kubernetes else { return nil }
    return LossReporter(
      stores: KubernetesStores(client: client, node: options.nodeID, socketRoot: options.socketRoot),
      gateway: StoreGateway(tokens: AdminTokens(client: client)), client: client, log: log)
  }

  private func volumeReconciler() -> VolumeReconciler? {
    guard options.mode.hasController, let client = options.kubernetes else { return nil }
    return VolumeReconciler(
      stores: KubernetesStores(client: client, node: options.nodeID, socketRoot: options.socketRoot),
      gateway: StoreGateway(tokens: AdminTokens(client: client)), client: client, log: log)
  }

  private func metricsEndpoint() throws(ProgramError) -> HTTPEndpoint? {
    guard let port = options.metricsPort else { return nil }
    let metrics = metrics
    let endpoint = try HTTPEndpoint(
      port: port, routes: ["/metrics": { $0(HTTPEndpoint.Response(metrics.text)) }, "/healthz": { $0(.ok) }],
      flag: "--metrics_port")
    log.info("metrics are served on port \(endpoint.port) at /metrics")
    return endpoint
  }
}

/// The calls of the driver; those that run when it is to end are answered first.
private struct CallService: Service {
  let server: GRPCServer<HTTP2ServerTransport.Posix>
  let endpoint: DriverEndpoint
  let log: Logger

  func run() async throws {
    try await withGracefulShutdownHandler {
      do {
        try await server.serve()
      } catch  where !Task.isShuttingDownGracefully {
        guard let error = error as? RuntimeError else { throw error }
        throw ProgramError(
          .failed, "cannot serve on \(endpoint)", cause: error.message, hint: "choose another with --endpoint")
      } catch {
        // The time for running calls is over.
      }
    } onGracefulShutdown: {
      log.info("stopping: running calls are answered first")
      server.beginGracefulShutdown()
    }
  }
}
