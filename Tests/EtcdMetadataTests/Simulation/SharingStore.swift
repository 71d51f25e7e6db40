import EtcdClient
import MetadataBackend
import StoreCore
import StoreProtocol

@testable import EtcdMetadata

/// A store with its backend, whose tasks are played by the test.
final class SharingStore {
  let store: Store
  let backend: EtcdBackend
  let client: Client
  private let queues: BackendQueues
  /// The next revision that the watch tells.
  private(set) var position: Int64
  private var progress: WriteProgress
  /// Transactions that were lost, and may arrive later.
  private var delayed: [Transaction] = []
  /// What the writer has done last, and what the watch has told since the news were taken.
  private(set) var lastWrite: String?
  private(set) var news: [String] = []
  private var question: KeyQuestion?
  private var heard: UInt64 = 0
  private var questions: AsyncStream<KeyQuestion>.Iterator

  static let layout = KeyLayout(prefix: "p")
  static let error = StoreError(.ioError, "etcd is away")

  /// Fate of a transaction.
  enum Fate {
    case written, lost
    /// Written, and nobody knows.
    case unknown
    /// Lost, but one that was lost before is written now.
    case overtaken
  }

  init(_ instance: UInt64, _ etcd: FakeEtcd) {
    store = Store(.init(limit: 1 << 20, arenaLength: 1 << 20))
    store.assignInstance(instance)
    store.keepsChanges = true
    store.now = 1_795_434_510_000
    for id in 0..<3 {
      store.setInstance(
        UInt64(id),
        InstanceRecord(hostID: 0, hostname: "", nodename: "", socketPath: "", rpcEndpoint: "", timestamp: 0))
    }
    queues = BackendQueues {}
    progress = WriteProgress(marker: Self.layout.marker(instance))
    questions = queues.questions.makeAsyncIterator()
    backend = EtcdBackend(store, Self.layout, queues)
    position = etcd.revision + 1
    var contents = FirstContents(Self.root(of: etcd), EtcdContents(pairs: [], revision: etcd.revision))
    backend.takeFirst(&contents)
    client = store.connect(to: store.root)
  }

  // MARK: - A turn of the loop

  /// Ends a request, and hands over what it changed.
  @discardableResult
  func endRequest() -> Durability {
    defer { endTurn() }
    return store.endRequest(of: client)
  }

  func endTurn() {
    while let effect = store.nextEffect() { if case .write(let set) = effect { backend.write(set) } }
    backend.endTurn()
  }

  /// Takes what the tasks have left.
  ///
  /// - Returns: the questions that were answered by somebody.
  @discardableResult
  func take() -> [BackendAnswer] {
    news = []
    backend.takeChanges()
    let failures = store.settle(backend.takeVerdicts())
    backend.withdraw(failures.filter(\.isUndone).map(\.number))
    let answers = backend.takeAnswers()
    store.work.allow(.max / 2)
    store.reclaim()
    endTurn()
    return answers
  }

  // MARK: - The tasks

  /// Writes what waits, as `ChangeWriter` does.
  ///
  /// - Parameter isLate: whether what is not answered is given up.
  func write(to etcd: inout FakeEtcd, _ fate: Fate, isLate: Bool) throws {
    lastWrite = nil
    let batch = progress.batch
    guard let transaction = progress.next(queues) else { return }
    let numbers = (batch.isEmpty ? progress.batch : batch).map { $0.number.map { "\($0)" } ?? "again" }
    let before = etcd.revision
    var reply: (succeeded: Bool, found: [[KeyValue]])?
    switch fate {
    case .written, .unknown: reply = try etcd.apply(transaction)
    case .lost: delayed.append(transaction)
    case .overtaken:
      if !delayed.isEmpty { _ = try etcd.apply(delayed.removeFirst()) }
      delayed.append(transaction)
    }
    let result = reply.map { $0.succeeded ? "done" : "outdated" } ?? "away"
    let steps = transaction.success.map(\.summary).joined(separator: ", ")
    lastWrite =
      "\(numbers.joined(separator: " ")) \(fate)\(isLate ? " late" : "") \(result) \(before) to \(etcd.revision): \(steps)"
    if fate == .written, let reply {
      progress.take(succeeded: reply.succeeded, at: etcd.revision, reply.found, queues)
    } else {
      progress.fail(mayHaveHappened: true)
      progress.expire(queues, since: isLate ? .now : .now - .seconds(86_400), Self.error)
    }
  }

  private static func root(of etcd: FakeEtcd) -> EtcdContents {
    let pairs = etcd.contents.filter { $0.key.starts(with: layout.beginning(of: .root)) }
    return EtcdContents(pairs: pairs, revision: etcd.revision)
  }

  /// Tells of what happened at the next revisions, several at once.
  func watch(_ etcd: FakeEtcd, revisions: Int) {
    let events = etcd.events(from: position).prefix(revisions)
      .map { $0.filter { $0.key.starts(with: Self.layout.beginning(of: .root)) } }
    guard !events.isEmpty else { return }
    position += Int64(events.count)
    let told = events.flatMap { $0 }
    guard let last = told.last else { return }
    queues.report(.events(told, of: .root, revision: last.revision))
    news += events.flatMap { $0 }.map { event in
      switch event {
      case .put(let pair): "\(pair.modRevision) \(String(decoding: pair.key.dropFirst(20), as: UTF8.self))"
      case .delete(let key, let revision): "\(revision) -\(String(decoding: key.dropFirst(20), as: UTF8.self))"
      }
    }
  }

  /// Reads everything again.
  func list(_ etcd: FakeEtcd) {
    queues.report(.contents(Self.root(of: etcd), of: .root, isContinued: true))
    position = etcd.revision + 1
  }

  /// Takes a question when there is one that nobody has answered.
  func hear() async {
    if let current = backend.questions.current, current > heard {
      question = await questions.next()
      heard = current
    }
  }

  func answer(_ etcd: FakeEtcd, isHeard: Bool) {
    guard let asked = question else { return }
    question = nil
    let changed = asked.keys.map { keys in keys.compactMap { etcd.pairs[$0]?.modRevision }.max() }
    queues.report(KeyAnswer(number: asked.number, changed: isHeard ? changed : nil, revision: etcd.revision))
  }

  var isDone: Bool { progress.isIdle && question == nil && queues.isIdle && backend.isDone }

  // MARK: - What is seen

  /// Everything that others are to see, as text.
  var contents: [String] {
    let root = store.root
    let objects = root.sharedObjects.map { object in
      let labels = store.storedLabels(of: object.id, in: root).map { String(decoding: $0, as: UTF8.self) } ?? ""
      var text = String(decoding: store.storedText(of: object.id, in: root) ?? [], as: UTF8.self)
      // Which of several names an object shows is up to the store.
      if let name = text.firstRange(of: /"__name":"[^"]*",/) { text.removeSubrange(name) }
      return "\(object.id) \(text) \(labels)"
    }
    return objects.sorted() + root.sharedNames.map { "\($0.name) \($0.id)" }.sorted()
  }
}

extension Transaction.Operation {
  /// A few words for people.
  fileprivate var summary: String {
    func text(_ key: [UInt8]) -> String { String(decoding: key.dropFirst(20), as: UTF8.self) }
    switch self {
    case .put(let key, _, _): return "put \(text(key))"
    case .delete(let range): return "delete \(text(range.start))"
    case .range(let range, _, _): return "read \(text(range.start))"
    }
  }
}
