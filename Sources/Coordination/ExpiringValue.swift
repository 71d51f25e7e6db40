/// A value that is fetched anew when it is older than its lifetime; those who ask meanwhile wait for one fetch.
public actor ExpiringValue<Value: Sendable & Equatable, Failure: Error> {
  private let lifetime: Duration
  private let fetch: @Sendable () async -> Result<Value, Failure>
  private var known: (value: Value, since: ContinuousClock.Instant)?
  private var running: Task<Result<Value, Failure>, Never>?

  public init(lifetime: Duration, fetch: @escaping @Sendable () async -> Result<Value, Failure>) {
    self.lifetime = lifetime
    self.fetch = fetch
  }

  /// Gives the value, fetched if necessary.
  ///
  /// - Parameter refused: a value that is good for nothing, however fresh it is.
  /// - Throws: the failure of the fetch, which is not kept.
  public func current(insteadOf refused: Value? = nil) async throws(Failure) -> Value {
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
