import Deployer
import Documents
import HTTPEndpoint
import KubernetesClient
import Support

/// The operator: controllers, admission, metrics and health, each where it is asked for.
public struct Operator: Sendable {
  /// Who owns the fields that the operator applies.
  public static let fieldManager = "vineyard-operator"

  private let configuration: OperatorConfiguration
  private let client: KubernetesClient?
  private let metrics = OperatorMetrics()
  private let health = Health()
  private let log: Log

  /// - Parameter cluster: the API server; nil for an operator that only admits.
  public init(_ configuration: OperatorConfiguration, cluster: ClientConfiguration?, log: Log) {
    self.configuration = configuration
    self.log = log
    let metrics = metrics
    client = cluster.map { cluster in
      KubernetesClient(cluster, log: log, fieldManager: Self.fieldManager) { metrics.called($0) }
    }
  }

  /// Runs until the task is cancelled.
  ///
  /// - Throws: `CommandError` when a port cannot be had; `CancellationError`.
  public func run() async throws {
    let endpoints = try listen()
    defer { for endpoint in endpoints { endpoint.stop() } }
    guard let client, configuration.runsControllers else { return try await Self.forever() }
    let leadership = configuration.electsLeader ? Leadership() : Leadership.sole
    let controllers = { @Sendable in
      metrics.lead(true)
      defer { metrics.lead(false) }
      try await Controllers(
        client: client, leadership: leadership, namespace: configuration.namespace, metrics: metrics, log: log
      ).run()
    }
    guard configuration.electsLeader else { return try await controllers() }
    let election = LeaderElection(
      client: client, lease: Self.lease(in: configuration.namespace), identity: configuration.identity,
      leadership: leadership, log: log)
    try await election.run(controllers)
  }

  /// The lease has the name that the original uses, so that the two never lead at the same time.
  private static func lease(in namespace: String) -> ObjectReference {
    ObjectReference(type: .lease, namespace: namespace, name: "5fa514f1.v6d.io")
  }

  private static func forever() async throws {
    while true { try await Task.sleep(for: .seconds(1 << 30)) }
  }

  private func listen() throws(CommandError) -> [HTTPEndpoint] {
    var endpoints: [HTTPEndpoint] = []
    if let address = configuration.health {
      let health = health
      let endpoint = try HTTPEndpoint(address, flag: "--health-probe-bind-address") { request, answer in
        answer(health.answer(request))
      }
      log.info("health is served on port \(endpoint.port)")
      endpoints.append(endpoint)
    }
    return endpoints
  }
}
