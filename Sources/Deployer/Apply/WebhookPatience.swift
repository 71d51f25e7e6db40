import KubernetesClient

/// How often a webhook that does not answer is tried again: ours may be starting, those of others are down.
struct WebhookPatience: Sendable {
  private var failures: [String: Int] = [:]

  /// A pause in somebody else's service, such as the restart of its only pod, is over after so many tries.
  private static let triesAtOthers = 4
  /// The API server waits some seconds each time that nothing comes back.
  private static let triesAtSilence = 2

  /// Notes a failure.
  ///
  /// - Returns: whether another try may help. Errors that are about something else always may.
  mutating func allows(_ error: KubernetesError) -> Bool {
    guard let failure = WebhookFailure(error) else { return true }
    failures[failure.name, default: 0] += 1
    let tries = failures[failure.name, default: 0]
    if failure.isSilence { return tries < Self.triesAtSilence }
    return failure.isOurs || tries < Self.triesAtOthers
  }
}
