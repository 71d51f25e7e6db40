import MetadataBackend
import StoreCore
import StoreProtocol
import Support

/// Effects of the store outside of it, and the verdicts of the backend on its changes.
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
