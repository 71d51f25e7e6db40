import EtcdClient
import JSON
import MetadataBackend
import SeededRandom
import StoreCore
import StoreProtocol

@testable import EtcdMetadata

/// Requests of clients, and what they may expect of the answers.
extension ClusterSimulation {
  private static let names = ["a", "b/c", "d~e", "f"]

  func request(_ store: SimulatedStore) throws(ClusterFailure) {
    let shared = store.root.sharedObjects.sorted { $0.id < $1.id }
    let known = shared.map(\.id)
    let name = random.choose(Self.names)
    switch random.number(below: 20) {
    case 0..<6: try persist(store, shared)
    case 6..<11: if let id = anyObject(known) { try ask(.object(session: 0, id), .putName(name, id), store) }
    case 11..<16: try ask(.name(session: 0, name), .getName(name), store)
    case 16: perform(.dropName(name), store) { store.store.dropName(name, by: store.client) }
    case 17, 18: if let id = anyObject(known) { try ask(.object(session: 0, id), .delete(id), store) }
    default: if let id = anyObject(known) { try ask(.object(session: 0, id), .label(id, "\(nextValue())"), store) }
    }
  }

  /// An object, mostly one that the store knows.
  private func anyObject(_ known: [ObjectID]) -> ObjectID? {
    random.oneIn(4) ? random.pick(values.keys.sorted()) : random.pick(known)
  }

  private func persist(
    _ store: SimulatedStore, _ shared: [(id: ObjectID, instance: UInt64)]
  ) throws(ClusterFailure) {
    let value = nextValue()
    var text = "{\"typename\":\"t::O\",\"instance_id\":\(store.instance),\"value\":\(value)"
    if let member = random.pick(shared.filter { $0.instance != .max }), random.oneIn(3) {
      text += ",\"m\":{\"id\":\"\(member.id)\"}\(member.instance == store.instance ? "" : ",\"global\":true")"
    }
    // Now and then one that is larger than etcd takes at once.
    if random.oneIn(100) {
      text +=
        ",\"large\":\"\(String(repeating: "x", count: 600_000))\",\"more\":\"\(String(repeating: "y", count: 900_000))\""
    }
    text += "}"
    let document = text.withUTF8 { utf8 -> MetadataDocument? in
      let bytes = UnsafeRawBufferPointer(utf8)
      var scanner = JSONScanner(bytes)
      return (try? scanner.scanValue()).flatMap { try? MetadataDocument(bytes, $0) }
    }
    guard let document, let id = try? store.store.createObjects([document], by: store.client).first?.id else {
      throw failure("no object can be made of \(text.prefix(200))")
    }
    _ = store.store.endRequest(of: store.client)
    values[id] = value
    perform(.persist(id), store) { try store.store.persist(id, by: store.client) }
  }

  /// Asks others first, as the server does, unless the store knows the object.
  private func ask(
    _ place: MetadataPlace, _ request: SharedRequest, _ store: SimulatedStore
  ) throws(ClusterFailure) {
    begin("\(request) on \(store.instance)")
    let asked = SimulatedStore.Asked(request: request, since: etcd.revision)
    if case .object(_, let id) = place, store.store.exists(id, in: store.root) {
      return try goOn(asked, isHeard: true, store)
    }
    guard let question = store.backend.ask([place]) else { throw failure("nobody is asked") }
    store.asked[question, default: []].append(asked)
  }

  /// Goes on with a request after others were asked.
  func goOn(_ asked: SimulatedStore.Asked, isHeard: Bool, _ store: SimulatedStore) throws(ClusterFailure) {
    let client = store.client
    switch asked.request {
    case .persist(let id): perform(asked.request, store) { try store.store.persist(id, by: client) }
    case .putName(let name, let id): perform(asked.request, store) { try store.store.putName(name, to: id, by: client) }
    case .dropName(let name): perform(asked.request, store) { store.store.dropName(name, by: client) }
    case .delete(let id):
      perform(asked.request, store) { _ = store.store.delete([id], force: false, deep: false, by: client) }
    case .label(let id, let value):
      perform(asked.request, store) { try store.store.label(id, [("key", value)], by: client) }
    case .getName(let name):
      let found = store.root.target(of: name)
      record("\(name) leads to \(found.map { "\($0)" } ?? "nothing")")
      guard isHeard else { return }
      let isRight = history.led(name, to: found, since: asked.since) || history.isWished(name, found)
      try check(
        isRight || isBehind(name, found, asked, store),
        "'\(name)' leads to \(found.map { "\($0)" } ?? "nothing") on \(store.instance)")
    }
  }

  /// Whether a name leads to nothing here since its object is not there, or the store has changed that itself.
  private func isBehind(
    _ name: String, _ found: ObjectID?, _ asked: SimulatedStore.Asked, _ store: SimulatedStore
  ) -> Bool {
    if store.backend.own.isPending(.name(session: 0, name)) { return true }
    // What the name led to before may be gone although the store has not heard yet where it leads since.
    return found == nil
      && history.targets(of: name, since: asked.since).contains { id in
        etcd.read(.key(layout.text(.object(id)))).isEmpty || store.backend.own.isPending(.object(session: 0, id))
      }
  }

  private func perform(_ request: SharedRequest, _ store: SimulatedStore, _ body: () throws -> Void) {
    begin("\(request) on \(store.instance)")
    do { try body() } catch { record("\(error)") }
    let held = SimulatedStore.Held(request: request, since: etcd.revision)
    switch store.store.endRequest(of: store.client) {
    case .pending(let number):
      if let (name, target) = request.wish { history.wish(name, target, at: step) }
      store.held[number, default: []].append(held)
    case .durable, .refused: break
    }
  }

  /// A client is told what became of its request.
  func end(_ held: SimulatedStore.Held, isRefused: Bool) throws(ClusterFailure) {
    record("\(isRefused ? "undone" : "done"): \(held.request)")
    if let (name, target) = held.request.wish { history.end(name, target, at: step, isRefused: isRefused) }
    if isRefused { return }
    // What is done was in etcd at some time since.
    switch held.request {
    case .putName(let name, let target):
      try check(history.led(name, to: target, since: held.since), "'\(name)' was never given to \(target)")
    case .persist(let id): try check(writtenObjects.contains(id), "\(id) was never written")
    default: break
    }
  }
}

extension SharedRequest {
  /// The name that it is to lead somewhere.
  var wish: (name: String, target: ObjectID?)? {
    switch self {
    case .putName(let name, let id): (name, id)
    case .dropName(let name): (name, nil)
    default: nil
    }
  }
}
