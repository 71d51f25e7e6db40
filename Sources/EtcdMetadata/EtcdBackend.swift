import DequeModule
import EtcdClient
import Logging
import MetadataBackend
import StoreCore
import StoreProtocol
import Support
import Synchronization

/// Objects and names in etcd, shared with other stores, released daemons among them.
///
/// The thread that owns the store calls everything here but ``start(_:record:within:)``. Two tasks talk with etcd: one
/// writes change sets, one follows what others write; both leave what they have to say in a queue and wake the loop.
public final class EtcdBackend: MetadataBackend {
  private let store: Store
  private let layout: KeyLayout
  private let queues: BackendQueues
  private var published = PublishedKeys()
  /// Keys that this store wrote, with the number of the last change set; what others are told of them is outdated
  /// until etcd has told of that change itself.
  private var written: [[UInt8]: UInt64] = [:]
  /// Revisions of change sets that etcd has taken and the watch may not have passed yet.
  private var revisions: Deque<(number: UInt64, revision: Int64)> = []
  private var fields = FieldCollector()
  private var records: [UInt64: [String: [UInt8]]] = [:]
  private let tasks: [Task<Void, Never>]

  /// Starts to write and to follow; the store is to be filled with ``takeChanges()`` before it serves anybody.
  ///
  /// - Parameter wake: called by any thread when there is something to take.
  public init(_ connection: EtcdMembership, store: Store, log: Logger, wake: @escaping @Sendable () -> Void) {
    self.store = store
    store.assignInstance(connection.instance)
    layout = connection.layout
    let queues = BackendQueues(wake: wake)
    self.queues = queues
    let (client, layout, contents) = (connection.client, connection.layout, connection.contents)
    tasks = [
      Task { await ChangeWriter(client: client, queues: queues, log: log).run() },
      Task { await ChangeFollower(client: client, layout: layout, queues: queues, log: log).run(contents) },
      Task { await connection.beat(log) },
    ]
    take(contents)
  }

  deinit { for task in tasks { task.cancel() } }

  public var isImmediate: Bool { false }

  // MARK: - Writing

  public func write(_ set: ChangeSet) {
    var changes = KeyChanges(number: set.number)
    for (session, change) in set.changes {
      if let session = store.sessions[session] { translate(change, in: session, into: &changes) }
    }
    for (key, _) in changes.changes { written[key] = set.number }
    queues.write(changes)
  }

  public func takeVerdicts() -> [BackendVerdict] {
    var verdicts: [BackendVerdict] = []
    for outcome in queues.takeOutcomes() {
      switch outcome {
      case .written(let number, let revision):
        revisions.append((number, revision))
        verdicts.append(.durable(upTo: number))
      case .refused(let number, let error):
        written = written.filter { $0.value != number }
        verdicts += [.refused(number, error), .durable(upTo: number)]
      }
    }
    return verdicts
  }

  private func translate(_ change: MetadataChange, in session: Session, into changes: inout KeyChanges) {
    func key(_ key: MetadataKey) -> [UInt8] { layout.text(key, session: session.id) }
    switch change {
    case .put(let id, let record):
      changes.set(key(.object(id)), store.storedText(of: record, in: session))
      guard let facts = record.sharedFacts else { return }
      let signature = key(.signature(instance: facts.instance, facts.signature))
      changes.set(signature, JSONText.text("\(id)"))
      published.add(signature, to: id)
    case .remove(let id):
      changes.set(key(.object(id)), nil)
      for companion in published.removeAll(of: id) { changes.set(companion, nil) }
    case .label(let id, _, _):
      guard let labels = store.storedLabels(of: id, in: session) else { return }
      changes.set(key(.field(id, "__labels")), labels)
      published.add(key(.field(id, "__labels")), to: id)
    case .name(let name, let id):
      let former = published.point(key(.name(name)), to: id)
      changes.set(key(.name(name)), JSONText.text(id.rawValue))
      if let former, former != id { changes.set(key(.field(former, "__name")), nil) }
      changes.set(key(.field(id, "__name")), JSONText.text("v" + KeyLayout.escaped(name)))
      published.add(key(.field(id, "__name")), to: id)
    case .unname(let name):
      changes.set(key(.name(name)), nil)
      if let former = published.point(key(.name(name)), to: nil) { changes.set(key(.field(former, "__name")), nil) }
    case .clear, .copy, .persist, .supersede, .removeOwner: break
    }
  }

  // MARK: - Taking over

  /// Takes over what others have changed.
  public func takeChanges() {
    for change in queues.takeNews() {
      switch change {
      case .contents(let contents): take(contents)
      case .events(let events, let revision):
        for event in events { take(event) }
        settleFields()
        forgetWritten(through: revision)
      }
    }
  }

  private func take(_ contents: EtcdContents) {
    var present: Set<ObjectID> = []
    for pair in contents.pairs {
      if case .object(let id)? = layout.parse(pair.key)?.key { present.insert(id) }
      take(.put(pair))
    }
    settleFields()
    for id in store.persistentObjects(elsewhereThan: store.instances.local, in: store.root) where !present.contains(id)
    {
      store.adoptRemoval(of: id, in: store.root)
    }
    forgetWritten(through: contents.revision)
  }

  private func take(_ event: WatchEvent) {
    let (key, value): ([UInt8], [UInt8]?) =
      switch event {
      case .put(let pair): (pair.key, pair.value)
      case .delete(let key, _): (key, nil)
      }
    guard let (id, place) = layout.parse(key), let session = store.sessions[id], written[key] == nil else { return }
    switch place {
    case .object(let id):
      guard let value else { return store.adoptRemoval(of: id, in: session) }
      adopt(id, value, in: session)
    case .field(let id, let field):
      if let value {
        published.add(key, to: id)
        fields.add(session.id, id, field, value)
      }
    case .name(let name):
      let target = value.flatMap { JSONText.number($0) }.map { ObjectID($0) }
      _ = published.point(key, to: target)
      store.adoptName(name, target, in: session)
    case .instance(let id, let field): take(id, field, value)
    case .signature(let instance, let signature):
      if let value, let id = JSONText.string(value).flatMap({ Array($0.utf8).withUnsafeBytes { ObjectID(text: $0) } }) {
        published.add(layout.text(.signature(instance: instance, signature), session: session.id), to: id)
      }
    case .nextInstance: break
    }
  }

  private func adopt(_ id: ObjectID, _ text: [UInt8], in session: Session) {
    // What others write may be anything; what is no object stays invisible.
    _ = try? store.adoptObject(id, stored: text, in: session)
  }

  /// Objects that were written field by field appear when they are whole; labels are given when their object is there.
  private func settleFields() {
    for (sessionID, id, known) in fields.takeAll() {
      guard let session = store.sessions[sessionID] else { continue }
      if !store.exists(id, in: session), known["typename"] != nil {
        adopt(id, FieldCollector.object(known), in: session)
      }
      if let labels = known["__labels"] { store.adoptLabels(of: id, stored: labels, in: session) }
    }
  }

  private func take(_ instance: UInt64, _ field: String, _ value: [UInt8]?) {
    records[instance, default: [:]][field] = value
    let fields = records[instance] ?? [:]
    guard !fields.isEmpty else {
      records[instance] = nil
      return store.setInstance(instance, nil)
    }
    store.setInstance(
      instance,
      InstanceRecord(
        hostID: fields["hostid"].flatMap { JSONText.number($0) } ?? 0,
        hostname: fields["hostname"].flatMap { JSONText.string($0) } ?? "",
        nodename: fields["nodename"].flatMap { JSONText.string($0) } ?? "",
        socketPath: fields["ipc_socket"].flatMap { JSONText.string($0) } ?? "",
        rpcEndpoint: fields["rpc_endpoint"].flatMap { JSONText.string($0) } ?? "",
        timestamp: fields["timestamp"].flatMap { JSONText.number($0) } ?? 0))
  }

  /// Listens to others again about keys whose last change by this store the watch has passed.
  private func forgetWritten(through revision: Int64) {
    var passed: UInt64 = 0
    while let first = revisions.first, first.revision <= revision {
      passed = first.number
      revisions.removeFirst()
    }
    if passed > 0 { written = written.filter { $0.value > passed } }
  }
}

/// Fields of objects that came as keys of their own.
private struct FieldCollector {
  private var objects: [ObjectID: (session: UInt64, fields: [String: [UInt8]])] = [:]

  mutating func add(_ session: UInt64, _ id: ObjectID, _ field: String, _ value: [UInt8]) {
    objects[id, default: (session, [:])].fields[field] = value
  }

  mutating func takeAll() -> [(UInt64, ObjectID, [String: [UInt8]])] {
    defer { objects = [:] }
    return objects.map { ($0.value.session, $0.key, $0.value.fields) }
  }

  /// The fields as one object.
  static func object(_ fields: [String: [UInt8]]) -> [UInt8] {
    var text: [UInt8] = []
    for (key, value) in fields where key != "__labels" {
      text += [text.isEmpty ? UInt8(ascii: "{") : UInt8(ascii: ",")] + JSONText.text(key) + [UInt8(ascii: ":")] + value
    }
    return text + [UInt8(ascii: "}")]
  }
}
