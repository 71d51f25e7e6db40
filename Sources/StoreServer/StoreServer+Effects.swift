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
      case .write(let set):
        copyWaits.note(set)
        backend.write(set)
      }
    }
  }

  // MARK: - Durability

  /// Takes over what others have changed, and answers those whose changes are durable or refused, or who have asked.
  func takeMetadata() {
    store.now = unixMilliseconds()
    // What is undone now must not be written later in this turn.
    deliverEffects()
    backend.takeChanges()
    let verdicts = backend.takeVerdicts()
    let failures = store.settle(verdicts)
    backend.withdraw(failures.filter(\.isUndone).map(\.number))
    for failure in failures {
      copyWaits.forget(failure.number)
      for held in heldReplies.waiting(forChange: failure.number) { settle(held, failure: failure.error) }
    }
    for case .durable(upTo: let number) in verdicts {
      for held in heldReplies.waiting(forChangesUpTo: number) {
        if case .durable(let change) = held.condition, copyWaits.begin(change, now: monotonicNanoseconds()) { continue }
        settle(held)
      }
      copyWaits.forget(upTo: number)
    }
    for answer in backend.takeAnswers() {
      for held in heldReplies.waiting(forAnswer: answer.question) {
        if !answer.isHeard { unheardQuestions += 1 }
        settle(held)
      }
    }
    for news in backend.volumes?.takeNews() ?? [] { volumes.take(news) }
    for news in backend.volumes?.copies.takeNews() ?? [] { volumes.take(news) }
    // A store that was waited for may have been given up.
    if copyWaits.isWaiting { checkCopyWaits() }
    takeGrants()
  }

  // MARK: - Questions

  /// Nanoseconds after which a question is answered with what the store knows.
  static let answerPatience: UInt64 = 1_000_000_000

  /// Has others asked before a request goes on.
  ///
  /// - Returns: what the request waits for; nil when there is nobody to ask.
  func ask(_ places: [MetadataPlace]) -> HeldReply? {
    guard !isStopping, let question = backend.ask(places) else { return nil }
    let held = HeldReply(until: .answered(question), then: .request)
    held.deadline = (monotonicNanoseconds() + Self.answerPatience, nil)
    return held
  }
}
