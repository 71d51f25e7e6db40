import MetadataBackend
import StoreCore
import StoreProtocol

/// Requests about what this store does not know and others may.
extension RequestHandler {
  /// Has others asked before a request of a client goes on.
  ///
  /// - Returns: what the request waits for; nil when nobody is to be asked: a volume may be this store's alone.
  func ask(_ places: @autoclosure () -> [MetadataPlace], for client: Client) -> HeldReply? {
    guard let ask, client.session.isShared else { return nil }
    return ask(places())
  }

  /// Has others asked about an object that is not known here.
  ///
  /// - Returns: what the request waits for; nil when it can be answered at once.
  func asks(about id: ObjectID, _ client: Client) -> HeldReply? {
    isUnknown(id, client) ? ask([.object(session: client.session.id, id)], for: client) : nil
  }

  func delay(
    _ held: HeldReply, _ answer: @escaping (RequestHandler) throws(StoreError) -> Disposition
  ) -> Disposition { .wait(DelayedRequest(answer: answer), held) }

  /// Answers a request about an object, after others were asked if this store does not know it. It allocates; frequent
  /// requests call ``asks(about:_:)`` by themselves.
  func knowing(
    _ id: ObjectID, _ client: Client, _ answer: @escaping (RequestHandler) throws(StoreError) -> Disposition
  ) throws(StoreError) -> Disposition {
    if let held = asks(about: id, client) { return delay(held, answer) }
    return try answer(self)
  }

  /// Whether an object is not known here; blobs are where they are.
  func isUnknown(_ id: ObjectID, _ client: Client) -> Bool {
    ask != nil && !id.isBlob && !store.exists(id, in: client.session)
  }
}

/// A request that is answered after others were asked.
private struct DelayedRequest: RequestTask {
  let answer: (RequestHandler) throws(StoreError) -> Disposition

  mutating func step(_ handler: RequestHandler) throws(StoreError) -> Disposition? { try answer(handler) }
}

/// get_name after others were asked.
struct GetNameTask: RequestTask {
  let name: String
  let waits: Bool
  let client: Client

  mutating func step(_ handler: RequestHandler) throws(StoreError) -> Disposition? {
    try handler.getName(name, wait: waits, client)
  }
}
