import StoreProtocol

/// Deletes every object, name, blob and stream of a session: objects and names at once, blobs and streams in steps.
///
/// What others write meanwhile, or have not sealed yet, stays.
public struct Clearing: StoreTask {
  public typealias Failure = Never

  private let session: Session
  private let client: Client?
  /// The newest blob and the last stream when it began; nil before.
  private var bounds: (blob: ObjectID?, stream: ObjectID?)?
  private var ending: StaleGrants?

  public init(_ session: Session, by client: Client?) {
    self.session = session
    self.client = client
    ending = client.map { StaleGrants(of: $0) }
  }

  public mutating func step(_ store: Store) -> Void? {
    if bounds == nil {
      bounds = (session.blobs.last?.key, session.streams.last?.key)
      store.discardObjects(of: session, by: client)
    }
    while let bound = bounds?.stream, let (id, stream) = session.streams.last(through: bound) {
      if store.work.isSpent { return nil }
      bounds?.stream = id.rawValue == 0 ? nil : ObjectID(id.rawValue - 1)
      store.work.spend(Work.item)
      if !stream.isBeingWritten(byOthersThan: client) { store.forgetStream(id, in: session) }
    }
    while let bound = bounds?.blob, let (id, _) = session.blobs.last(through: bound) {
      if store.work.isSpent { return nil }
      bounds?.blob = id.rawValue == 0 ? nil : ObjectID(id.rawValue - 1)
      store.work.spend(Work.item)
      if store.isCleared(id, in: session, by: client) { store.removeBlob(id, in: session, by: client) }
    }
    return ending == nil ? () : ending?.step(store) ?? nil
  }
}
