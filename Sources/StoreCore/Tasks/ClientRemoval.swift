import StoreProtocol

/// Takes from a client what it has: what it left unsealed, the streams it read, its locks, what it was given.
struct ClientRemoval: StoreTask {
  typealias Failure = Never

  private let client: Client
  /// Whether it keeps its view of bytes it was given, which it may have mapped until it goes.
  private let keepsGrants: Bool
  private var dropping: StreamRemoval?

  init(of client: Client, keepsGrants: Bool) {
    self.client = client
    self.keepsGrants = keepsGrants
  }

  mutating func step(_ store: Store) -> Void? {
    repeat {
      if dropping != nil {
        guard dropping?.step(store) != nil else { return nil }
        dropping = nil
      }
      store.work.spend(Work.entry)
    } while !store.work.isSpent && dropOne(store)
    if store.work.isSpent { return nil }
    if !keepsGrants { store.finishRemoval(of: client) }
    return ()
  }

  /// - Returns: false when the client has nothing left.
  private mutating func dropOne(_ store: Store) -> Bool {
    let session = client.session
    if let blob = client.writing.popFirst() {
      if keepsGrants { store.removeBlob(blob, in: session, by: nil) } else { store.abandonUnsealed(blob, in: session) }
    } else if let stream = client.pulled.popFirst() {
      dropping = store.takeStream(stream, in: session, by: client)
    } else if let stream = client.streams.popFirst() {
      store.abandon(stream, by: client)
    } else if store.releaseOnePlasma(of: client) {
    } else if let lock = client.locks.popFirst() {
      store.dropLock(lock.text, of: client)
    } else if keepsGrants {
      return false
    } else if let (_, grant) = client.reading.popFirst() {
      store.end(grant, of: client)
    } else if let grant = client.staleGrants.popLast() {
      store.end(grant, of: client)
    } else if store.endOneSending(to: client) {
    } else if client.found != nil {
      store.endLookup(of: client)
    } else if store.removeOneSuspect(of: client) {
    } else {
      return false
    }
    return true
  }
}
