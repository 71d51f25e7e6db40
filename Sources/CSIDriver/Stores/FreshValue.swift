import GRPCCore

/// A value that is fetched anew when it is older than its lifetime; those who ask meanwhile wait for one fetch.
actor FreshValue<Value: Sendable & Equatable> {
  private let lifetime: Duration
  private let fetch: @Sendable () async -> Result<Value, RPCError>
  private var known: (value: Value, since: ContinuousClock.Instant)?
  private var running: Task<Result<Value, RPCError>, Never>?

  init(lifetime: Duration, fetch: @escaping @Sendable () async -> Result<Value, RPCError>) {
    self.lifetime = lifetime
    self.fetch = fetch
  }

  /// - Parameter refused: a value that is good for nothing, however fresh it is.
  func current(insteadOf refused: Value? = nil) async throws(RPCError) -> Value {
    if let known, known.value != refused, known.since.duration(to: .now) < lifetime { return known.value }
    if let running { return try await running.value.get() }
    let fetch = fetch
    let task = Task { await fetch() }
    running = task
    // What changes during the fetch may be missing in it.
    let since = ContinuousClock.now
    let result = await task.value
    running = nil
    if case .success(let value) = result { known = (value, since) }
    return try result.get()
  }
}
