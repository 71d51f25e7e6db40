import MetadataBackend
import StoreCore
import StoreProtocol
import Support

/// Requests that wait until their store may use more of a quota that several stores share.
extension StoreServer {
  /// Keeps a request that has failed for want of quota, and asks other stores for what they do not use.
  ///
  /// - Returns: what it waits for, after which it is handled again; nil when it has failed for something else.
  func awaitQuota(_ connection: Connection) -> HeldReply? {
    guard let shortage = store.takeShortage(), shortage.volume === connection.client.volume, !isStopping,
      let quotas = backend.quotas
    else { return nil }
    let question = quotas.ask(for: shortage.bytes, of: shortage.volume)
    let held = HeldReply(until: .granted(question), then: .request, undo: { quotas.withdraw(question) })
    let deadline = connection.quotaDeadline ?? monotonicNanoseconds() + UInt64(quotas.patience / .nanoseconds(1))
    connection.quotaDeadline = deadline
    held.deadline = (deadline, StoreError(.notEnoughMemory, "more of a quota was not granted in time"))
    return held
  }

  /// Lets requests go on that have got more of a quota, or cannot get it.
  func takeGrants() {
    for answer in backend.quotas?.takeAnswers() ?? [] {
      guard let held = heldReplies.waiting(forGrant: answer.question) else { continue }
      if answer.refusal != nil, let client = held.connection.flatMap({ connections[$0]?.client }) {
        store.noteRefusal(of: client)
      }
      settle(held, failure: answer.refusal)
    }
  }
}
