import DequeModule
import EtcdClient
import Logging
import MetadataBackend
import StoreCore
import StoreProtocol
import Support

/// Objects and names in etcd, shared with other stores, released daemons among them.
///
/// The thread that owns the store calls everything here. Tasks talk with etcd: one writes changes, one reads what is
/// asked for, one follows what others write; all leave what they have to say in queues and wake the loop.
public final class EtcdBackend: MetadataBackend {
  /// Changes that are not known to be written.
  private struct Outstanding {
    let changes: KeyChanges
    /// Objects of which only fields are changed.
    let touched: Set<MetadataPlace>
    /// Whether the store has undone it.
    var isUndone = false

    var number: UInt64? { changes.number }
    var places: Set<MetadataPlace> { changes.places }
  }

  let store: Store
  let layout: KeyLayout
  let queues: BackendQueues
  private var tasks: [Task<Void, Never>] = []

  private var lastSequence: UInt64 = 0
  private var outgoing: [KeyChanges] = []
  private var outstanding: [UInt64: Outstanding] = [:]
  /// Numbers of change sets without a verdict, and those of them whose verdict waits for earlier ones.
  private var open: Deque<UInt64> = []
  private var settled: Set<UInt64> = []
  /// Objects that change sets have deleted and names that they have set, by their numbers, until they are durable:
  /// undoing an earlier one may bring them back.
  private var revivable: [UInt64: [MetadataPlace]] = [:]
  private var lastDurable: UInt64 = 0
  /// Changes that were given up, with the revisions of their parts that are written nevertheless.
  private var left: [(changes: Outstanding, revisions: [Int64])] = []
  /// Change sets that are written and not durable yet, since earlier ones are not: they may be undone with those.
  private var written: [UInt64: (changes: Outstanding, revisions: [Int64])] = [:]
  /// What others did to places of changes that are settled, to be taken over.
  private var retaken: [PlaceEvent] = []
  /// Places that are to be written as the store has them.
  private var withdrawal: Withdrawal
  /// What is there where a change is outdated.
  private var outdated: [(changes: KeyChanges, pairs: [KeyValue], revision: Int64)] = []

  var own = OwnChanges()
  var questions = Questions()
  /// The sessions that are followed; everything up to these revisions was taken over.
  var followed: [UInt64: Int64] = [:]
  var fields = FieldCollector()
  /// Objects that others have deleted while this store wrote fields of them.
  var leftovers: Set<MetadataPlace> = []
  /// Objects that others have put again while their deletion here is not durable.
  var postponed: [MetadataPlace: PlaceEvent] = [:]
  /// Names of objects that are not there.
  var dangling: [MetadataPlace: Set<String>] = [:]
  private var records: [UInt64: [String: [UInt8]]] = [:]
  /// Those that were not told of again yet, while everything is.
  private var forgotten: Set<UInt64> = []
  /// Nil in tests of what needs no etcd.
  private(set) var membership: EtcdMembership?
  /// What others know of this store.
  var standing = Standing()
  /// Whether nobody could have given the store up before the news that are taken now.
  var wasCertain = true
  /// Deletions of what this store has in sessions of volumes, of which it is not known yet whether the store was given
  /// up before.
  var late: [PlaceEvent] = []
  var republishing: Republishing?
  /// What was there when the store joined, until it serves.
  var initial: FirstContents?
  let volumeQueue: VolumeQueue
  private(set) lazy var sharedVolumes = EtcdVolumes(self, volumeQueue)
  private let quotaQueue: QuotaQueue
  private let patience: Duration
  private(set) lazy var sharedQuotas = EtcdQuotas(self, quotaQueue, patience: patience)
  public private(set) var obstacle: String?

  /// Starts to write, to ask and to follow; the store has what was there when it joined.
  ///
  /// - Parameters:
  ///   - patience: how long etcd may be away until a change is refused.
  ///   - wake: called by any thread when there is something to take.
  public convenience init(
    _ connection: EtcdMembership, store: Store, patience: Duration, log: Logger, wake: @escaping @Sendable () -> Void
  ) {
    store.assignInstance(connection.instance)
    let queues = BackendQueues(wake: wake)
    let volumeQueue = VolumeQueue(wake: wake)
    let quotaQueue = QuotaQueue(wake: wake)
    self.init(store, connection.layout, queues, volumeQueue, quotaQueue, patience: patience)
    let (client, layout) = (connection.client, connection.layout)
    membership = connection
    republishing = Republishing(wake: wake)
    takeFirst(connection)
    connection.inbox.connect(wake: wake)
    tasks = [
      Task {
        let marker = layout.marker(connection.instance)
        let writer = ChangeWriter(client: client, queues: queues, marker: marker, patience: patience, log: log)
        await client.onConnectionThread { await writer.run() }
      },
      Task { await client.onConnectionThread { await QuestionReader(client: client, queues: queues).run() } },
      Task {
        await ChangeFollower(client: client, layout: layout, queues: queues, log: log).run()
      },
      Task { await connection.run() },
      Task { await VolumeWorker(client: client, layout: layout, queue: volumeQueue, log: log).run() },
      Task { await QuotaWorker(client: client, queue: quotaQueue, log: log).run() },
    ]
  }

  private func takeFirst(_ connection: EtcdMembership) {
    guard var contents = connection.takeContents() else { fatalError("a second backend for one membership") }
    takeFirst(&contents)
    initial = contents
  }

  init(
    _ store: Store, _ layout: KeyLayout, _ queues: BackendQueues, _ volumeQueue: VolumeQueue = VolumeQueue {},
    _ quotaQueue: QuotaQueue = QuotaQueue {}, patience: Duration = .seconds(60)
  ) {
    self.store = store
    self.layout = layout
    self.queues = queues
    withdrawal = Withdrawal(layout)
    self.volumeQueue = volumeQueue
    self.quotaQueue = quotaQueue
    self.patience = patience
  }

  deinit { for task in tasks { task.cancel() } }

  public var isImmediate: Bool { false }

  public var volumes: (any SharedVolumes)? { sharedVolumes }

  public var quotas: (any SharedQuotas)? { sharedQuotas }

  public func close() {
    for task in tasks { task.cancel() }
    guard let membership else { return }
    let isDone = Semaphore()
    Task.detached {
      await membership.leave(within: .seconds(3), thenWithin: .seconds(8))
      isDone.signal()
    }
    isDone.wait()
  }

  /// Whether everything is written and answered.
  var isDone: Bool {
    leftovers.isEmpty && postponed.isEmpty && withdrawal.isEmpty && outgoing.isEmpty && outstanding.isEmpty
      && left.isEmpty && open.isEmpty
      && questions.isEmpty
  }

  // MARK: - Writing

  public func write(_ set: ChangeSet) {
    var translation = ChangeTranslation(store, layout)
    for change in set.changes { translation.add(change) }
    open.append(set.number)
    guard let changes = translation.changes(nextSequence, number: set.number, isRefusable: set.isRefusable) else {
      // Nothing that others see has changed: as good as written.
      settled.insert(set.number)
      return queues.wakeUp()
    }
    revivable[set.number] = translation.own.compactMap { place, change in
      switch change {
      case .put, .fields: nil
      case .removed, .name: place
      }
    }
    send(changes, translation)
  }

  /// Whether changes of a session are not written yet.
  func isWriting(in session: UInt64) -> Bool {
    outstanding.values.contains { changes in changes.places.contains { $0.session == session } }
  }

  private var nextSequence: UInt64 {
    lastSequence += 1
    return lastSequence
  }

  private func send(_ changes: KeyChanges, _ translation: ChangeTranslation) {
    var touched: Set<MetadataPlace> = []
    for session in translation.cleared { dangling = dangling.filter { $0.key.session != session } }
    for (place, change) in translation.own {
      own.begin(changes.sequence, change, at: place)
      if case .name(let session, let name) = place { forgetDangling(name, session: session) }
      if case .fields = change { touched.insert(place) }
    }
    outstanding[changes.sequence] = Outstanding(changes: changes, touched: touched)
    outgoing.append(changes)
  }

  public func endTurn() {
    sharedQuotas.endTurn()
    if !outgoing.isEmpty {
      queues.write(outgoing)
      outgoing = []
    }
    if let question = questions.begin() {
      queues.ask(KeyQuestion(number: question.number, keys: question.places.map { keys(of: $0) }))
    }
  }

  public func takeVerdicts() -> [BackendVerdict] {
    var verdicts: [BackendVerdict] = []
    for outcome in queues.takeOutcomes() {
      switch outcome {
      case .written(let sequence, let revisions):
        guard let changes = outstanding.removeValue(forKey: sequence) else { continue }
        if let number = changes.number { settled.insert(number) }
        if changes.isUndone {
          left.append((changes, revisions))
        } else {
          retaken += own.finish(sequence, changes.places, at: revisions.last ?? 0)
          if let number = changes.number { written[number] = (changes, revisions) }
        }
      case .refused(let sequence, let error):
        guard let changes = outstanding[sequence], let number = changes.number else { continue }
        settled.insert(number)
        if !changes.isUndone { verdicts.append(.refused(number, error)) }
      case .left(let sequence, let revisions):
        if let changes = outstanding.removeValue(forKey: sequence) { left.append((changes, revisions)) }
      case .outdated(let sequence, let pairs, let revision):
        guard let changes = outstanding.removeValue(forKey: sequence) else { continue }
        outdated.append((changes.changes, pairs, revision))
      case .late(let sequence, let error):
        guard let number = outstanding[sequence]?.number else { continue }
        settled.insert(number)
        verdicts.append(.refused(number, error))
      }
    }
    own.pass(followed)
    var durable: UInt64?
    while let first = open.first, settled.remove(first) != nil {
      durable = first
      lastDurable = first
      open.removeFirst()
    }
    if open.isEmpty { settled = [] }
    return verdicts + (durable.map { [.durable(upTo: $0)] } ?? [])
  }

  public func withdraw(_ numbers: [UInt64]) {
    let undone = Set(numbers)
    undo(undone)
    for number in numbers.sorted() {
      revivable[number] = nil
      guard let (changes, revisions) = written.removeValue(forKey: number) else { continue }
      withdrawal.add(changes.changes, touched: changes.touched, writtenAt: revisions)
    }
    written = written.filter { $0.key > lastDurable }
    for (changes, revisions) in left {
      let isUndone = changes.isUndone || changes.number.map { undone.contains($0) } == true
      guard isUndone, let last = revisions.last else {
        retaken += own.giveUp(changes.changes.sequence, changes.places)
        continue
      }
      retaken += own.finish(changes.changes.sequence, changes.places, at: last)
      withdrawal.add(changes.changes, touched: changes.touched, writtenAt: revisions)
    }
    left = []
    if let first = numbers.min() {
      for place in revivable.filter({ $0.key > first }).flatMap(\.value) where isPresent(place) {
        withdrawal.add(revived: place, isRemoved: own.isRemoved(place))
      }
    }
    revivable = revivable.filter { $0.key > lastDurable }
    let events = retaken
    retaken = []
    for event in events { takeOver(event) }
    for (changes, pairs, revision) in outdated { takeOutdated(changes, pairs, at: revision) }
    outdated = []
    for place in leftovers where !isPresent(place) { withdrawal.add(leftover: place) }
    leftovers = []
    // What the store has of a place counts only when none of its changes is on its way any more.
    let changing = withdrawal.isEmpty ? [] : Set(outstanding.values.lazy.flatMap(\.places))
    for (changes, translation) in withdrawal.take(store, except: changing, next: { nextSequence }) {
      send(changes, translation)
    }
    takePostponed()
    if !numbers.isEmpty { takeRevived() }
    own.pass(followed)
  }

  /// Takes back what nobody has begun to write of change sets that the store has undone, and notes it of the others.
  private func undo(_ numbers: Set<UInt64>) {
    let undone = outstanding.filter { $0.value.number.map { numbers.contains($0) } == true }
    if undone.isEmpty { return }
    let unsent = Set(outgoing.map(\.sequence)).intersection(undone.keys)
    outgoing.removeAll { unsent.contains($0.sequence) }
    let removed = queues.remove(Set(undone.keys)).union(unsent)
    for (sequence, changes) in undone {
      guard removed.contains(sequence) else {
        outstanding[sequence]?.isUndone = true
        continue
      }
      outstanding[sequence] = nil
      if let number = changes.number { settled.insert(number) }
      retaken += own.giveUp(sequence, changes.places)
    }
  }

  private func isPresent(_ place: MetadataPlace) -> Bool {
    guard let session = store.sessions[place.session] else { return false }
    switch place {
    case .object(_, let id): return store.isShared(id, in: session)
    case .name(_, let name): return session.target(of: name) != nil
    }
  }

  // MARK: - Instances

  /// Takes what there is to know of instances, then `body`, then tells others again of what they have lost sight of.
  ///
  /// In this order: what was read after the store's return is taken after the word that it returns.
  func withMembership(_ body: () -> Void) {
    for news in membership?.inbox.take() ?? [] {
      switch news {
      case .states(let states): for (id, state) in states { store.setInstance(id, state) }
      case .returning: standing.beginReturn()
      case .returned(let revision): standing.endReturn(at: revision)
      case .conflict(let other):
        obstacle = other.map { "instance id \(store.instances.local) is used by \($0): restart this store" }
      }
    }
    body()
    if standing.takeDue() {
      republishing?.begin(store)
      sharedVolumes.forgetReports()
    }
    republishing?.step(store)
  }

  // MARK: - Records of instances

  /// Everything about instances is told anew.
  ///
  /// - Parameter revision: what was told before.
  func beginRecords(after revision: Int64) {
    if membership != nil { standing.setRecorded(nil, at: revision + 1) }
    forgotten = Set(records.keys)
  }

  /// Everything about instances was told.
  func endRecords() {
    for id in forgotten {
      records[id] = nil
      store.setInstance(id, nil)
    }
    forgotten = []
  }

  func take(_ instance: UInt64, _ field: String, _ value: [UInt8]?, at revision: Int64) {
    guard instance != store.instances.local else {
      // A store knows itself, whatever others do to its record.
      if field == Standing.mark { standing.setRecorded(value == nil ? nil : revision, at: revision) }
      return
    }
    if forgotten.remove(instance) != nil { records[instance] = nil }
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
}
