import StoreProtocol

/// Frees everything of a session that no client has any more, then forgets the session.
struct SessionRemoval: StoreTask {
  typealias Failure = Never

  private let session: Session
  private var clearing: Clearing

  init(of session: Session) {
    self.session = session
    clearing = Clearing(session, by: nil)
  }

  mutating func step(_ store: Store) -> Void? {
    guard clearing.step(store) != nil else { return nil }
    while let (id, _) = session.streams.last {
      if store.work.isSpent { return nil }
      store.work.spend(Work.item)
      store.forgetStream(id, in: session)
    }
    while session.plasma.popLast() != nil {
      if store.work.isSpent { return nil }
      store.work.spend(Work.entry)
    }
    session.volume = nil
    store.sessions[session.id] = nil
    store.memory.residency.forgetOwner(session.id)
    return ()
  }
}
