import StoreProtocol

/// Takes from a client what it has: what it left unsealed, the streams it read, its locks, what it was given.
struct Departure: StoreTask {
  typealias Failure = Never

  private let connection: Connection
  /// Whether it keeps its view of bytes it was given, which it may have mapped until it goes.
  private let keepsGrants: Bool
  private var dropping: StreamRemoval?

  init(of connection: Connection, keepsGrants: Bool) {
    self.connection = connection
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
    if !keepsGrants { store.finishDeparture(of: connection) }
    return ()
  }

  /// - Returns: false when the client has nothing left.
  private mutating func dropOne(_ store: Store) -> Bool {
    let session = connection.session
    if let blob = connection.writing.popFirst() {
      if keepsGrants { store.removeBlob(blob, in: session, by: nil) } else { store.abandonUnsealed(blob, in: session) }
    } else if let stream = connection.pulled.popFirst() {
      dropping = store.takeStream(stream, in: session, by: connection)
    } else if let stream = connection.streams.popFirst() {
      store.abandon(stream, by: connection)
    } else if store.releaseOnePlasma(of: connection) {
    } else if let lock = connection.locks.popFirst() {
      store.dropLock(lock.text, of: connection)
    } else if keepsGrants {
      return false
    } else if let (_, grant) = connection.reading.popFirst() {
      store.end(grant, of: connection)
    } else if let grant = connection.outlived.popLast() {
      store.end(grant, of: connection)
    } else if store.endOneSending(to: connection) {
    } else if connection.found != nil {
      store.endLookup(of: connection)
    } else if store.removeOneSuspect(of: connection) {
    } else {
      return false
    }
    return true
  }
}
