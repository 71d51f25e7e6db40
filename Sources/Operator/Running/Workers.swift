import Logging
import Support

/// The workers of one queue.
struct Workers: Sendable {
  /// For logs and metrics: `vineyardd`, `csidriver`.
  let name: String
  let queue: WorkQueue<ObjectKey>
  let count: Int
  let metrics: OperatorMetrics
  let log: Logger
  /// Works on one resource; throws what is worth another try.
  let reconcile: @Sendable (ObjectKey) async throws -> Void

  /// Works until the task is cancelled or the lead is lost.
  func run() async throws {
    try await withTaskCancellationHandler {
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<count { group.addTask { try await work() } }
        defer { queue.finish() }
        try await group.next()
        group.cancelAll()
      }
    } onCancel: {
      queue.finish()
    }
    try Task.checkCancellation()
  }

  private func work() async throws {
    while let key = await queue.next() {
      try Task.checkCancellation()
      let start = ContinuousClock.now
      do {
        try await reconcile(key)
        queue.done(key, failed: false)
        metrics.reconciled(name, .now - start, failed: false)
      } catch let error as Leadership.Lost {
        throw error
      } catch let error as CancellationError {
        throw error
      } catch {
        log.info("\(name) \(key) failed, trying again: \(error)")
        queue.done(key, failed: true)
        metrics.reconciled(name, .now - start, failed: true)
      }
    }
  }
}
