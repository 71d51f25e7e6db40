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
    let number: UInt64?
    let places: Set<MetadataPlace>
    /// Objects of which only fields are changed.
    let touched: Set<MetadataPlace>
    let signatures: Set<[UInt8]>

    init(_ changes: KeyChanges, touched: Set<MetadataPlace>) {
      number = changes.number
      places = changes.places
      self.touched = touched
      signatures = changes.signatures
    }
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
  /// Change sets that were refused and may have been written nevertheless.
  private var refused: [UInt64: Outstanding] = [:]
  /// Change sets that are written and not durable yet, since earlier ones are not: they may be undone with those.
  private var written: [UInt64: Outstanding] = [:]
  /// What others did to places of changes that are settled, to be taken over.
  private var retaken: [PlaceEvent] = []

  var own = OwnChanges()
  var questions = Questions()
  /// Everything up to this revision was taken over.
  var followed: Int64 = 0
  var fields = FieldCollector()
  /// Objects that others have deleted while this store wrote fields of them.
  var leftovers: Set<MetadataPlace> = []
  /// Names of objects that are not there.
  var dangling: [MetadataPlace: Set<String>] = [:]
  private var records: [UInt64: [String: [UInt8]]] = [:]
  /// Nil in tests of what needs no etcd.
  private(set) var membership: EtcdMembership?
  /// What others know of this store.
  var standing = Standing()
  private var republishing: Republishing?
  /// Sessions whose contents are being read.
  var loads = SessionLoads()
  /// What was there when the store joined, until it serves.
  private var initial: EtcdContents?
  let volumeQueue: VolumeQueue
  private(set) lazy var sharedVolumes = EtcdVolumes(self, volumeQueue)
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
    self.init(store, connection.layout, queues, volumeQueue)
    let (client, layout) = (connection.client, connection.layout)
    membership = connection
    republishing = Republishing(wake: wake)
    let revision = takeFirst(connection)
    connection.inbox.connect(wake: wake)
    tasks = [
      Task { await ChangeWriter(client: client, queues: queues, patience: patience, log: log).run() },
      Task { await QuestionReader(client: client, queues: queues).run() },
      Task {
        await ChangeFollower(client: client, layout: layout, queues: queues, log: log).run(from: revision)
      },
      Task { await connection.run() },
      Task { await VolumeWorker(client: client, layout: layout, queue: volumeQueue, log: log).run() },
    ]
  }

  /// - Returns: the revision at which everything was read.
  private func takeFirst(_ connection: EtcdMembership) -> Int64 {
    guard let contents = connection.takeContents() else { fatalError("a second backend for one membership") }
    initial = contents
    take(contents, isContinued: true)
    return contents.revision
  }

  init(_ store: Store, _ layout: KeyLayout, _ queues: BackendQueues, _ volumeQueue: VolumeQueue = VolumeQueue {}) {
    self.store = store
    self.layout = layout
    self.queues = queues
    self.volumeQueue = volumeQueue
  }

  deinit { for task in tasks { task.cancel() } }

  public var isImmediate: Bool { false }

  public var volumes: (any SharedVolumes)? { sharedVolumes }

  public func close() {
    for task in tasks { task.cancel() }
    guard let membership else { return }
    let isDone = Semaphore()
    Task.detached {
      await membership.leave(within: .seconds(3))
      isDone.signal()
    }
    isDone.wait()
  }

  /// Whether everything is written and answered.
  var isDone: Bool { leftovers.isEmpty && outgoing.isEmpty && outstanding.isEmpty && open.isEmpty && questions.isEmpty }

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
    outstanding[changes.sequence] = Outstanding(changes, touched: touched)
    outgoing.append(changes)
  }

  public func endTurn() {
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
      case .written(let sequence, let revision):
        guard let changes = outstanding.removeValue(forKey: sequence) else { continue }
        retaken += own.finish(sequence, changes.places, at: revision)
        guard let number = changes.number else { continue }
        settled.insert(number)
        written[number] = changes
      case .refused(let sequence, let error):
        guard let changes = outstanding.removeValue(forKey: sequence) else { continue }
        retaken += own.giveUp(sequence, changes.places, wasSent: true)
        guard let number = changes.number else { continue }
        refused[number] = changes
        settled.insert(number)
        verdicts.append(.refused(number, error))
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
    var stale: [Outstanding] = []
    let undone = Set(numbers)
    let waiting = outstanding.filter { $0.value.number.map { undone.contains($0) } == true }
    let unsent = Set(outgoing.map(\.sequence)).intersection(waiting.keys)
    outgoing.removeAll { unsent.contains($0.sequence) }
    let removed = queues.remove(Set(waiting.keys)).union(unsent)
    for (sequence, changes) in waiting {
      if removed.contains(sequence) {
        outstanding[sequence] = nil
        if let number = changes.number { settled.insert(number) }
        retaken += own.giveUp(sequence, changes.places, wasSent: false)
      } else {
        stale.append(changes)
      }
    }
    stale += numbers.compactMap { refused[$0] ?? written[$0] }
    refused = [:]
    written = written.filter { $0.key > lastDurable && !undone.contains($0.key) }
    for event in retaken { takeOver(event) }
    retaken = []
    var translation = ChangeTranslation(store, layout)
    if let first = numbers.min() {
      for place in revivable.filter({ $0.key > first }).sorted(by: { $0.key < $1.key }).flatMap(\.value) {
        if isPresent(place) { translation.addPresent(place) }
      }
    }
    revivable = revivable.filter { $0.key > lastDurable }
    for changes in stale {
      for place in changes.places.subtracting(changes.touched) { translation.addPresent(place) }
      for key in changes.signatures { translation.addPresent(signature: key) }
    }
    for changes in stale { for place in changes.touched { translation.addPresentFields(of: place) } }
    for place in leftovers { translation.addPresent(place) }
    leftovers = []
    guard let changes = translation.changes(nextSequence, number: nil, isRefusable: false) else { return }
    send(changes, translation)
  }

  private func isPresent(_ place: MetadataPlace) -> Bool {
    guard let session = store.sessions[place.session] else { return false }
    switch place {
    case .object(_, let id): return store.isShared(id, in: session)
    case .name(_, let name): return session.target(of: name) != nil
    }
  }

  // MARK: - Questions

  public func ask(_ places: [MetadataPlace]) -> UInt64? { questions.ask(places) }

  private func keys(of place: MetadataPlace) -> [[UInt8]] {
    switch place {
    case .object(let session, let id):
      [layout.text(.object(id), session: session), layout.text(.field(id, "typename"), session: session)]
    case .name(let session, let name): [layout.text(.name(name), session: session)]
    }
  }

  public func takeAnswers() -> [BackendAnswer] {
    for answer in queues.takeAnswers() {
      guard let places = questions.end(answer.number) else { continue }
      guard let changed = answer.changed else {
        questions.fail(answer.number)
        continue
      }
      for (place, revision) in zip(places, changed) where revision == nil { forget(place, at: answer.revision) }
      // The watch tells of what is there with all that belongs to it.
      questions.answer(answer.number, when: changed.reduce(0) { max($0, $1 ?? 0) })
    }
    return questions.take(at: followed)
  }

  /// Forgets what is not in etcd any more, unless more was heard since.
  private func forget(_ place: MetadataPlace, at revision: Int64) {
    guard followed <= revision, !own.isPending(place) else { return }
    // Others may have given the store up meanwhile: then only the watch says what somebody has deleted.
    if membership?.isCertain == false, isOwn(place) { return }
    switch place {
    case .object: takeOver(PlaceEvent(place: place, change: .removed, revision: revision))
    case .name: takeOver(PlaceEvent(place: place, change: .name(nil), revision: revision))
    }
    if followed < revision { own.note(place, readAt: revision) }
  }

  /// Whether a place is this store's to tell of.
  private func isOwn(_ place: MetadataPlace) -> Bool {
    guard let session = store.sessions[place.session] else { return false }
    switch place {
    case .object(_, let id): return store.isOwn(id, in: session)
    case .name(_, let name): return session.target(of: name).map { store.isOwn($0, in: session) } ?? false
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

  // MARK: - Sessions of volumes

  /// Takes what was there of a session when the store joined.
  ///
  /// - Returns: false when the store serves already.
  func takeInitial(_ session: Session) -> Bool {
    guard let initial else { return false }
    take(initial.pairs.filter { layout.parse($0.key)?.session == session.id })
    return true
  }

  /// The store serves from now on.
  func endStart() { initial = nil }

  /// Whether an object stays although it is gone from etcd: it went since the store was given up.
  func isKept(_ id: ObjectID, in session: Session) -> Bool { standing.isGivenUp && store.isOwn(id, in: session) }

  func take(_ instance: UInt64, _ field: String, _ value: [UInt8]?, at revision: Int64) {
    guard instance != store.instances.local else {
      // A store knows itself, whatever others do to its record.
      if field == Standing.mark { standing.setRecorded(value == nil ? nil : revision) }
      return
    }
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
