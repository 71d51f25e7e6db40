import KubernetesClient
import KubernetesObjects
import Logging
import Manifests
import Support

/// The controllers of all kinds and the informers that they share, for one time of leading.
struct Controllers: Sendable {
  /// A kind's reconciler and the resources that wait for it.
  private struct Controller: Sendable {
    let reconciler: any Reconciler
    let queue = WorkQueue<ObjectKey>()

    /// For logs and metrics: `vineyardd`, `csidriver`.
    var name: String { reconciler.kind.singular }
  }

  private let context: ReconcileContext
  private let controllers: [Controller]
  private let metrics: OperatorMetrics
  private let etcdInterval: Duration

  init(_ context: ReconcileContext, etcdInterval: Duration, metrics: OperatorMetrics) {
    self.context = context
    self.etcdInterval = etcdInterval
    self.metrics = metrics
    controllers = context.reconcilers.map { Controller(reconciler: $0) }
    for controller in controllers { metrics.show(controller.queue, of: controller.name) }
  }

  /// Interval after which everything is looked at again without a reason; where all is well, only what cannot be watched
  /// costs a request.
  private static let resync: Duration = .seconds(3600)
  /// Resources of a kind that are worked on at the same time.
  private static let workers = 4

  /// Works until the task is cancelled or the lead is lost.
  func run() async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await context.informers.run(context.client, log: context.log) { route($0) } }
      group.addTask { try await resync() }
      // A decision on half a picture might delete what is not listed yet.
      try await context.informers.waitUntilSynced()
      context.log.info("resources: \(summary)")
      group.addTask { try await EtcdCare(context, every: etcdInterval) { addCluster($0) }.run() }
      for controller in controllers {
        let workers = Workers(
          name: controller.name, queue: controller.queue, count: Self.workers, metrics: metrics, log: context.log,
          reconcile: ResourceController(reconciler: controller.reconciler).reconcile)
        group.addTask { try await workers.run() }
      }
      defer { group.cancelAll() }
      try await group.next()
    }
  }

  /// `2 Vineyardd, 1 CSIDriver`.
  private var summary: String {
    controllers.map { "\($0.reconciler.resources.keys.count) \($0.reconciler.kind.type.kind)" }.joined(separator: ", ")
  }

  /// Asks for work on whatever a change concerns.
  private func route(_ change: ObjectCache.Change) {
    if change.new == nil, let uid = change.old?.uid { context.owned.lastApplied.forget(owner: uid) }
    for controller in controllers {
      for key in controller.reconciler.keys(concernedBy: change) { controller.queue.add(key) }
    }
  }

  /// Asks for work on a cluster.
  private func addCluster(_ key: ObjectKey) {
    for controller in controllers where controller.reconciler.kind.type == .vineyardd { controller.queue.add(key) }
  }

  private func resync() async throws {
    while true {
      try await Task.sleep(for: Self.resync * Double.random(in: 0.9...1.1))
      context.owned.lastApplied.forget { !context.informers.watches($0) }
      for controller in controllers {
        for key in controller.reconciler.resources.keys { controller.queue.add(key) }
      }
    }
  }
}
