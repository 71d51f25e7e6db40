import ClusterInventory
import KubernetesClient
import KubernetesObjects
import Manifests
import Support

/// The controllers and what they share, for one time of leading.
struct Controllers: Sendable {
  private let informers: Informers
  private let lastApplied = LastApplied()
  private let clusters = WorkQueue<ObjectKey>()
  private let drivers = WorkQueue<ObjectKey>()
  private let client: KubernetesClient
  private let leadership: Leadership
  private let namespace: String
  private let platform: Platform
  private let metrics: OperatorMetrics
  private let log: Log

  /// - Parameter optional: types to watch that not every server has.
  init(
    client: KubernetesClient, optional: [ObjectType], leadership: Leadership, namespace: String,
    platform: Platform,
    metrics: OperatorMetrics, log: Log
  ) {
    self.client = client
    informers = Informers(optional: optional)
    self.leadership = leadership
    self.namespace = namespace
    self.platform = platform
    self.metrics = metrics
    self.log = log
    metrics.show(clusters, of: "vineyardd")
    metrics.show(drivers, of: "csidriver")
  }

  /// Interval after which everything is looked at again without a reason; where all is well, only what cannot be watched
  /// costs a request.
  private static let resync: Duration = .seconds(3600)

  /// Works until the task is cancelled or the lead is lost.
  func run() async throws {
    let controllers = [
      controller("vineyardd", clusters, reconcile: vineyardds.reconcile),
      controller("csidriver", drivers, reconcile: csiDrivers.reconcile),
    ]
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await informers.run(client, log: log) { route($0) } }
      group.addTask { try await resync() }
      // A decision on half a picture might delete what is not listed yet.
      try await informers.waitUntilSynced()
      log.info("watching \(informers.vineyardds.keys.count) clusters and \(informers.drivers.keys.count) drivers")
      for controller in controllers { group.addTask { try await controller.run() } }
      defer { group.cancelAll() }
      try await group.next()
    }
  }

  private func controller(
    _ name: String, _ queue: WorkQueue<ObjectKey>, reconcile: @escaping @Sendable (ObjectKey) async throws -> Void
  ) -> Controller {
    Controller(name: name, queue: queue, workers: 4, metrics: metrics, log: log, reconcile: reconcile)
  }

  private var writer: Writer { Writer(client: client, leadership: leadership) }
  private var owned: OwnedObjects {
    OwnedObjects(informers: informers, writer: writer, lastApplied: lastApplied, log: log)
  }
  private var status: StatusWriter { StatusWriter(writer: writer, now: { .now() }) }

  private var vineyardds: VineyarddController {
    VineyarddController(
      informers: informers, owned: owned, status: status, events: EventRecorder(writer: writer, log: log),
      defaultMemory: DefaultMemory(informers: informers) { try await client.list(.node).items.map { NodeFacts($0) } },
      contents: StoreContents(client: client, log: log, isInside: true), platform: platform, log: log)
  }

  private var csiDrivers: CSIDriverController {
    CSIDriverController(
      informers: informers, owned: owned, status: status, events: EventRecorder(writer: writer, log: log),
      namespace: namespace, platform: platform, log: log)
  }

  /// Asks for work on whatever a change concerns.
  private func route(_ change: ObjectCache.Change) {
    if change.new == nil, let uid = change.old?.uid { lastApplied.forget(owner: uid) }
    for key in ChangeRouter.clusters(change) { clusters.add(key) }
    if ChangeRouter.concernsDrivers(change) {
      for key in informers.drivers.keys { drivers.add(key) }
    }
  }

  private func resync() async throws {
    while true {
      try await Task.sleep(for: Self.resync * Double.random(in: 0.9...1.1))
      lastApplied.forget { !informers.watches($0) }
      for key in informers.vineyardds.keys { clusters.add(key) }
      for key in informers.drivers.keys { drivers.add(key) }
    }
  }
}
