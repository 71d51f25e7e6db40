import Support

/// Workers that reconcile the objects of one kind.
struct Controller: Sendable {
  /// For logs and metrics: `vineyardd`, `csidriver`.
  let name: String
  let queue: WorkQueue<ObjectKey>
  let workers: Int
  let metrics: OperatorMetrics
  let log: Log
  /// Works on one object; throws what is worth another try.
  let reconcile: @Sendable (ObjectKey) async throws -> Void

  /// Works until the task is cancelled or the lead is lost.
  func run() async throws {
    try await withTaskCancellationHandler {
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<workers { group.addTask { try await work() } }
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
