import Coordination
import Support

/// The credentials of a plugin, kept until shortly before they end; callers at the same time share one run.
actor PluginCredentials: CredentialSource {
  private let call: PluginCall
  private let certificate: ClientCertificate?
  private let now: @Sendable () -> Timestamp
  private var answer: ExecCredential?
  private var answerTime = Timestamp(milliseconds: 0)
  private var run: SharedTask<ExecCredential>?

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
      do {
        return credentials(of: try await sharedRun().value())
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

  /// The run under way, or a new one.
  private func sharedRun() -> SharedTask<ExecCredential> {
    if let run, !run.isAbandoned { return run }
    let started = SharedTask { try await self.runPlugin() }
    run = started
    return started
  }

  private func runPlugin() async throws -> ExecCredential {
    let own = run
    defer { if run === own { run = nil } }
    let answer = try await call()
    self.answer = answer
    answerTime = now()
    return answer
  }

  private func credentials(of answer: ExecCredential) -> Credentials {
    var credentials = answer.credentials
    credentials.certificate = credentials.certificate ?? certificate
    return credentials
  }
}

extension ExecCredential {
  /// Whether the credentials last for another request.
  fileprivate func isUsable(at time: Timestamp) -> Bool {
    guard let expiry else { return true }
    return time.milliseconds + 30_000 < expiry.milliseconds
  }
}
