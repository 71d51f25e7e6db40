import Coordination
import KubernetesClient
import KubernetesObjects
import Logging
import Support

/// Keeps a label on each node with a ready store, one for each cluster. Only the leader does.
///
/// PersistentVolumes that can be used in all stores of a cluster name it in their node affinity. It follows the pods of
/// stores rather than the resources, so stores that were deployed without one have it as well.
actor StoreLabelKeeper {
  private static let backOff = BackOff.steady(first: .seconds(1), longest: .seconds(64))

  private let client: KubernetesClient
  private let writer: Writer
  private let log: Logger
  private let stores = Informer(.pod, labels: StoreLabelKeeper.storeSelector)
  private let nodes = Informer(.node, view: StoreLabelKeeper.metadata)
  private var labels = StoreLabels()

  /// Selector of the pods of stores.
  static let storeSelector = "app.vineyard.io/name,app.vineyard.io/role=vineyardd"

  init(client: KubernetesClient, writer: Writer, log: Logger) {
    self.client = client
    self.writer = writer
    self.log = log
  }

  /// The metadata of a node: what it says of itself is long, and changes every few minutes.
  private static let metadata: Informer.View = { node in
    var view = node
    view.tree["spec"] = nil
    view.tree["status"] = nil
    view.tree["metadata", "annotations"] = nil
    return view
  }

  /// Works until the task is cancelled; what fails is tried again.
  ///
  /// - Throws: `CancellationError`, `Leadership.Lost`.
  func run() async throws {
    let (events, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    let (stores, nodes) = (stores, nodes)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { [client, log] in try await stores.run(client, log: log) { _ in wake.yield() } }
      group.addTask { [client, log] in
        try await nodes.run(client, log: log) { change in
          if change.old?.labels != change.new?.labels { wake.yield() }
        }
      }
      group.addTask {
        // Stores that are not listed yet would count as gone.
        try await stores.waitUntilSynced()
        try await nodes.waitUntilSynced()
        try await self.keep(events, wake)
      }
      defer { group.cancelAll() }
      try await group.next()
    }
  }

  private func keep(_ events: AsyncStream<Void>, _ wake: AsyncStream<Void>.Continuation) async throws {
    var timer: Task<Void, Never>?
    defer { timer?.cancel() }
    var failures = 0
    wake.yield()
    for await _ in events {
      timer?.cancel()
      var next: ContinuousClock.Instant?
      do {
        next = try await write()
        failures = 0
      } catch {
        try Task.checkCancellation()
        if error is Leadership.Lost { throw error }
        log.warning("the labels of nodes with stores cannot be written, trying again: \(error)")
        failures += 1
        next = .now + Self.backOff.delay(after: failures)
      }
      guard let next else { continue }
      timer = Task {
        guard (try? await Task.sleep(until: next, clock: .continuous)) != nil else { return }
        wake.yield()
      }
    }
    throw CancellationError()
  }

  /// Writes what has changed.
  ///
  /// - Returns: when to look again, unless something changes.
  private func write() async throws -> ContinuousClock.Instant? {
    let (changes, next) = labels.changes(stores: stores.all, nodes: nodes.all, now: .now)
    for change in changes {
      do {
        let node = try await writer.patch(ObjectReference(type: .node, name: change.node), .merge(change.patch))
        if let view = Self.metadata(node) { nodes.observeWrite(view) }
      } catch let error as KubernetesError where error.isNotFound {
        continue
      }
      for key in change.added { log.info("node \(change.node) has a ready store: label \(key)") }
      for key in change.removed { log.info("node \(change.node) has no store any more: label \(key) is removed") }
    }
    return next
  }
}
