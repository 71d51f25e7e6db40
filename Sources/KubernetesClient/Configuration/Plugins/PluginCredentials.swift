import Support

/// The credentials of a plugin, kept until shortly before they end; callers at the same time share one run.
actor PluginCredentials: CredentialSource {
  private let call: PluginCall
  private let certificate: ClientCertificate?
  private let now: @Sendable () -> Timestamp
  private var answer: PluginAnswer?
  private var answerTime = Timestamp(milliseconds: 0)
  private var run: Task<PluginAnswer, any Error>?
  private var runNumber = 0
  private var waiterCount = 0

  /// - Parameters:
  ///   - certificate: one the kubeconfig has besides the plugin, for an answer without one.
  ///   - now: tells whether an answer has ended.
  init(_ call: PluginCall, certificate: ClientCertificate?, now: @escaping @Sendable () -> Timestamp) {
    self.call = call
    self.certificate = certificate
    self.now = now
  }

  func current() async throws -> Credentials {
    while true {
      try Task.checkCancellation()
      if let answer, answer.isUsable(at: now()) { return credentials(of: answer) }
      let run = run ?? start()
      waiterCount += 1
      let number = runNumber
      do {
        let answer = try await withTaskCancellationHandler {
          try await run.value
        } onCancel: {
          Task { await self.leave(number) }
        }
        return credentials(of: answer)
      } catch is CancellationError where !Task.isCancelled {
        // Everybody had left that run before this caller joined it.
        continue
      }
    }
  }

  func refresh() async -> Bool {
    if run != nil { return true }
    // Of several requests that were refused at once the first one has the plugin run, the others take its answer.
    if now().milliseconds - answerTime.milliseconds >= Self.freshMilliseconds { answer = nil }
    return true
  }

  private static let freshMilliseconds: Int64 = 5000

  private func start() -> Task<PluginAnswer, any Error> {
    runNumber += 1
    waiterCount = 0
    let task = Task { try await runPlugin() }
    run = task
    return task
  }

  private func runPlugin() async throws -> PluginAnswer {
    defer { run = nil }
    let answer = try await call()
    self.answer = answer
    answerTime = now()
    return answer
  }

  /// One caller of a run no longer waits; nobody waits, nobody needs it.
  private func leave(_ number: Int) {
    guard number == runNumber else { return }
    waiterCount -= 1
    if waiterCount == 0 { run?.cancel() }
  }

  private func credentials(of answer: PluginAnswer) -> Credentials {
    var credentials = answer.credentials
    credentials.certificate = credentials.certificate ?? certificate
    return credentials
  }
}

extension PluginAnswer {
  /// Whether the credentials last for another request.
  fileprivate func isUsable(at time: Timestamp) -> Bool {
    guard let expiry else { return true }
    return time.milliseconds + 30_000 < expiry.milliseconds
  }
}
