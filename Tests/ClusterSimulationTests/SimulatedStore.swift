import EtcdClient
import JSON
import MetadataBackend
import StoreCore
import StoreProtocol

@testable import EtcdMetadata

/// A store that shares its metadata, with its ways to etcd and back; it does in a turn what `StoreServer` does.
final class SimulatedStore {
  /// A request that waits until what it changed is durable.
  struct Held {
    let request: SharedRequest
    /// The revision of etcd when it was made.
    let since: Int64
  }

  /// A request that waits for what others have.
  struct Asked {
    let request: SharedRequest
    let since: Int64
  }

  let instance: UInt64
  let store: Store
  let backend: EtcdBackend
  let queues = BackendQueues {}
  let client: Client
  var root: Session { store.root }
  var writer: SimulatedWriter
  var follower: SimulatedFollower
  /// Whether nothing reaches etcd and nothing comes from there.
  var isCut = false

  /// By the number of the change set.
  var held: [UInt64: [Held]] = [:]
  /// By the number of the question.
  var asked: [UInt64: [Asked]] = [:]
  private var questions: AsyncStream<KeyQuestion>.Iterator
  private var begun: UInt64 = 0
  /// Whether a question is on its way, or its answer.
  private var isAsking = false
  private(set) var question: KeyQuestion?

  init(_ instance: UInt64, _ etcd: ModelEtcd, _ layout: KeyLayout, now: UInt64) {
    self.instance = instance
    writer = SimulatedWriter(marker: layout.marker(instance))
    store = Store(Store.Configuration(limit: 1 << 20, arenaLength: 1 << 20))
    store.now = now
    store.notesChanges = true
    store.keepsChanges = true
    store.assignInstance(instance)
    // Where there are others, they may delete members.
    for id in [instance, 0] {
      store.setInstance(
        id, InstanceRecord(hostID: 0, hostname: "", nodename: "", socketPath: "", rpcEndpoint: "", timestamp: 0))
    }
    backend = EtcdBackend(store, layout, queues)
    var contents = FirstContents(.read(etcd, layout, .root), .read(etcd, layout, .cluster))
    backend.takeFirst(&contents)
    follower = SimulatedFollower(from: contents.revision)
    questions = queues.questions.makeAsyncIterator()
    client = store.connect(to: store.root)
  }

  // MARK: - A turn

  /// Hands out what was changed, as at the end of a turn.
  func endTurn() async {
    deliverEffects()
    backend.endTurn()
    guard !isAsking, let latest = asked.keys.max(), latest > begun else { return }
    question = await questions.next()
    begun = question?.number ?? begun
    isAsking = true
  }

  private func deliverEffects() {
    while let effect = store.nextEffect() { if case .write(let set) = effect { backend.write(set) } }
  }

  /// Takes over what has come, and settles requests.
  ///
  /// - Returns: those that are durable, those that were refused, and those that may go on.
  func take() -> (durable: [Held], refused: [(Held, isUndone: Bool)], answered: [(Asked, isHeard: Bool)]) {
    deliverEffects()
    backend.takeChanges()
    let verdicts = backend.takeVerdicts()
    let failures = store.settle(verdicts)
    backend.withdraw(failures.filter(\.isUndone).map(\.number))
    var refused: [(Held, isUndone: Bool)] = []
    for failure in failures {
      refused += (held.removeValue(forKey: failure.number) ?? []).map { ($0, failure.isUndone) }
    }
    var durable: [Held] = []
    for case .durable(let number) in verdicts {
      for settled in held.keys.filter({ $0 <= number }).sorted() { durable += held.removeValue(forKey: settled) ?? [] }
    }
    if question == nil { isAsking = false }
    let answered = backend.takeAnswers().flatMap { answer in
      (asked.removeValue(forKey: answer.question) ?? []).map { ($0, isHeard: answer.isHeard) }
    }
    return (durable, refused, answered)
  }

  // MARK: - Questions

  /// Etcd answers what was asked, or nobody does.
  func answer(_ etcd: ModelEtcd?) {
    guard let question else { return }
    self.question = nil
    let changed = etcd.map { etcd in
      question.keys.map { keys in keys.compactMap { etcd.read(.key($0)).first?.modRevision }.max() }
    }
    queues.report(KeyAnswer(number: question.number, changed: changed, revision: etcd?.revision ?? 0))
  }

  // MARK: - Looking

  /// The texts of objects that are there for everybody.
  var objects: [ObjectID: String] {
    var texts: [ObjectID: String] = [:]
    for (id, _) in root.sharedObjects {
      texts[id] = store.storedText(of: id, in: root).map { String(decoding: $0, as: UTF8.self) }
    }
    return texts
  }

  var names: [String: ObjectID] {
    Dictionary(uniqueKeysWithValues: root.sharedNames.map { ($0.name, $0.id) })
  }
}

/// A request of a client about what stores share.
enum SharedRequest: CustomStringConvertible {
  case persist(ObjectID)
  case putName(String, ObjectID)
  case dropName(String)
  case getName(String)
  case delete(ObjectID)
  case label(ObjectID, String)

  var description: String {
    switch self {
    case .persist(let id): "persist \(id)"
    case .putName(let name, let id): "name \(id) \(name)"
    case .dropName(let name): "drop name \(name)"
    case .getName(let name): "get name \(name)"
    case .delete(let id): "delete \(id)"
    case .label(let id, let value): "label \(id) \(value)"
    }
  }
}
