import MetadataBackend
import StoreCore
import StoreProtocol
import Support

/// Effects of the store outside of it, and what becomes of its changes there; the one place that deals with both.
extension StoreServer {
  /// Does what the store asks for, in the order in which it came up.
  func deliverEffects() {
    while let effect = store.nextEffect() {
      switch effect {
      case .retry(let key): wake(key)
      case .save(let volume): volumes.saveFirstWrite(to: volume)
      case .noteNames: saveLossRecord(hasNames: true)
      case .write(let set): backend.write(set)
      }
    }
  }

  // MARK: - Durability

  /// What a request is told at its end instead of its reply: to wait until what it changed is durable, or that it is
  /// undone; nil when its reply may leave.
  func durability(of disposition: Disposition, for connection: Connection) -> Disposition? {
    guard store.keepsChanges else { return nil }
    let (sendsArena, transfer): (Bool, Transfer?)
    switch disposition {
    case .send(let arena): (sendsArena, transfer) = (arena, nil)
    case .transfer(let bytes): (sendsArena, transfer) = (false, bytes)
    default: return nil
    }
    switch store.endRequest(of: connection.client) {
    case .durable: return nil
    case .pending(let number):
      return .hold(HeldReply(until: .durable(number), then: .send(arena: sendsArena, transfer)))
    case .refused:
      handler.reply.reply(StoreError(.ioError, "what the request built on could not be made durable"))
      return .reply
    }
  }

  /// Takes over what others have changed, and answers those whose changes are durable or refused.
  func takeMetadata() {
    store.now = unixMilliseconds()
    backend.takeChanges()
    let verdicts = backend.takeVerdicts()
    for undone in store.settle(verdicts) {
      for held in heldReplies.waiting(forChange: undone.number) { settle(held, failure: undone.error) }
    }
    for case .durable(upTo: let number) in verdicts {
      for held in heldReplies.waiting(forChangesUpTo: number) { settle(held) }
    }
  }
}
