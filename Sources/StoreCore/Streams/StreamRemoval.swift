import StoreProtocol

/// Frees the chunks of a stream that was taken out of its session.
struct StreamRemoval: StoreTask {
  typealias Failure = Never

  private let chunks: [ObjectID]
  private var next = 0
  private let session: Session
  private let client: Client
  private var deletion: Deletion?

  init(_ chunks: [ObjectID], in session: Session, by client: Client) {
    self.chunks = chunks
    self.session = session
    self.client = client
  }

  mutating func step(_ store: Store) -> Void? {
    while true {
      if deletion != nil {
        guard deletion?.step(store) != nil else { return nil }
        deletion = nil
      }
      guard next < chunks.count else { return () }
      if store.work.isSpent { return nil }
      let chunk = chunks[next]
      next += 1
      store.work.spend(Work.entry)
      if chunk.isBlob {
        store.removeBlob(chunk, in: session, by: client)
      } else {
        deletion = Deletion(
          [chunk], of: client.session, force: false, deep: true, isImplicit: false, by: client)
      }
    }
  }
}
