import Coordination
import HTTPEndpoint
import KubernetesClient
import KubernetesObjects
import Logging
import Manifests
import ServiceLifecycle
import Support

/// The operator: controllers, admission, metrics and health, each where it is asked for.
public struct Operator: Sendable {
  let configuration: OperatorConfiguration
  let client: KubernetesClient?
  let metrics = OperatorMetrics()
  let health = Health()
  let log: Logger

  /// - Parameter cluster: the API server; nil for an operator that only admits.
  public init(_ configuration: OperatorConfiguration, cluster: ClientConfiguration?, log: Logger) {
    self.configuration = configuration
    self.log = log
    let metrics = metrics
    client = cluster.map { cluster in
      KubernetesClient(cluster, log: log, fieldManager: FieldManager.vineyardOperator) { metrics.called($0) }
    }
  }

  /// The webhook for pods; nil where nobody could ask it, or it is switched off.
  private var placement: PlacementWebhook? {
    guard let client, configuration.directsPods, configuration.metrics != nil, configuration.certificateDirectory != nil
    else { return nil }
    return PlacementWebhook(client: client, log: log)
  }

  /// Time for its end: the lease is given back, then reviews are answered for a little longer.
  private static let endLimit: Duration = .seconds(20)

  /// Runs until the task is cancelled.
  ///
  /// - Throws: `ProgramError` when a port cannot be had.
  public func run() async throws {
    let files = configuration.certificateDirectory.map { CertificateFiles(directory: $0, log: log) }
    if let files { health.require(configuration.webhook == nil ? "certificate" : "webhook") { files.problem() } }
    let placement = placement
    var services: [any Service] = try listen(files, placement)
    if let placement { services.append(CancellableService { try await placement.run() }) }
    if let address = configuration.webhook, let files {
      services.append(WebhookServer(address, files: files, log: log) { metrics.admitted($0) })
    }
    if let client, configuration.runsControllers {
      if let directory = configuration.certificateDirectory {
        let copy = CertificateCopy(client: client, namespace: configuration.namespace, directory: directory, log: log)
        services.append(CancellableService { try await copy.run() })
      }
      services.append(CancellableService { try await campaign(client) })
    }
    try await runServices(services, endingWithin: Self.endLimit)
  }

  /// Runs the controllers whenever this replica is elected.
  private func campaign(_ client: KubernetesClient) async throws {
    let leadership = configuration.electsLeader ? Leadership() : Leadership.sole
    let work = { @Sendable in try await lead(client, leadership) }
    guard configuration.electsLeader else { return try await work() }
    let election = LeaderElection(
      client: client, lease: Manifests.operatorLease(in: configuration.namespace), identity: configuration.identity,
      leadership: leadership, log: log)
    try await election.run(work)
  }

  private func lead(_ client: KubernetesClient, _ leadership: Leadership) async throws {
    metrics.lead(true)
    defer { metrics.lead(false) }
    var optional: [ObjectType] = []
    for type in ResourceKind.all.flatMap(\.optionalTypes) {
      if (try? await client.resource(for: type)) != nil { optional.append(type) }
    }
    let isOpenShift = (try? await client.resource(for: Platform.constraintsType)) != nil
    let context = ReconcileContext(
      client: client, informers: Informers(optional: optional), leadership: leadership,
      namespace: configuration.namespace, platform: Platform(isOpenShift: isOpenShift),
      etcdCertificateLives: configuration.etcdCertificateLives, log: log)
    let controllers = Controllers(context, etcdInterval: configuration.etcdInterval.duration, metrics: metrics)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await controllers.run() }
      group.addTask {
        try await StoreLabelKeeper(client: client, writer: context.owned.writer, log: log).run()
      }
      if configuration.certificateDirectory != nil {
        let keeper = CertificateKeeper(
          client: client, namespace: configuration.namespace, lives: configuration.certificateLives, log: log,
          mayWrite: leadership.check)
        health.require("trust") { keeper.problem }
        group.addTask { try await keeper.run() }
      }
      defer {
        group.cancelAll()
        health.waive("trust")
      }
      try await group.next()
    }
  }
}

/// Settings of the operator.
public struct OperatorConfiguration: Sendable {
  /// The namespace of the operator and of the CSI driver's workloads.
  public var namespace: String
  /// The name of this replica among all.
  public var identity: String
  /// Whether several replicas agree by a Lease on who leads.
  public var electsLeader = false
  /// Whether custom resources are reconciled.
  public var runsControllers = true
  /// Whether pods are directed to the data of their volumes, at the port of the metrics.
  public var directsPods = true
  /// Address of the admission webhook; nil for none.
  public var webhook: ListenAddress?
  /// Directory of the webhook's certificate (`tls.crt` and `tls.key`); nil for no certificate.
  public var certificateDirectory: String?
  /// Lifetime of a certificate of the webhook.
  public var certificateLifetime: TimeSpan = .seconds(365 * 24 * 3600)
  /// Lifetime of the authority of these certificates; nil for ten times that.
  public var authorityLifetime: TimeSpan?
  /// Lifetime of the certificates of the clusters' etcd; their authorities live ten times that.
  public var etcdCertificateLifetime: TimeSpan = .seconds(365 * 24 * 3600)
  /// Interval at which the clusters' etcd is looked after.
  public var etcdInterval: TimeSpan = .seconds(30)
  /// Address of `/metrics`; nil for none.
  public var metrics: ListenAddress?
  /// Address of `/healthz` and `/readyz`; nil for none.
  public var health: ListenAddress?

  public init(namespace: String, identity: String) {
    self.namespace = namespace
    self.identity = identity
  }

  var certificateLives: CertificateLives {
    CertificateLives(server: certificateLifetime, authority: authorityLifetime)
  }

  var etcdCertificateLives: CertificateLives { CertificateLives(server: etcdCertificateLifetime) }
}
