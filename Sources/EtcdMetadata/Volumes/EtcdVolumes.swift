import DequeModule
import EtcdClient
import MetadataBackend
import StoreCore
import StoreProtocol

/// Volumes that several stores have, as etcd has them; the thread that owns the store calls everything here.
final class EtcdVolumes: SharedVolumes {
  private struct Document {
    let volume: SharedVolume
    let revision: Int64
  }

  /// How long etcd may take for what somebody waits for; clients of the driver wait a little longer.
  static let limit: Duration = .seconds(6)

  private unowned let backend: EtcdBackend
  private let queue: VolumeQueue
  private(set) lazy var made = EtcdCopies(self, backend)
  var store: Store { backend.store }
  var layout: KeyLayout { backend.layout }
  var own: UInt64 { store.instances.local }

  private var documents: [String: Document] = [:]
  /// What instances have of volumes, the dead whose places still have them among them.
  private(set) var places: [String: [UInt64: PlaceRecord]] = [:]
  /// When the records of this store were written, by volume.
  private var ownRevisions: [String: Int64] = [:]
  /// Sessions of volumes of which etcd is known to have a record of this store, or to have had one.
  private var confirmed: Set<UInt64> = []
  private var tombstones: [String: Set<UInt64>] = [:]
  private var rooms: [UInt64: RoomRecord] = [:]
  private var news: [SharedVolumeNews] = []

  private var last: UInt64 = 0
  private var answers: [UInt64: (VolumeQueue.Result) -> Void] = [:]
  /// Volumes of which an operation is under way, with those that are to follow.
  private var underWay: [String: Deque<() -> Void>] = [:]
  /// Sessions of volumes that the store leaves once none of its changes of them is on its way any more.
  private var leaving: [(session: UInt64, begin: () -> Void)] = []
  /// What others were told last.
  private var reported: [String: SharedVolumeUse] = [:]
  private var reportedRoom: RoomRecord?
  /// Stores that were here before and whose records are being removed, by volume.
  private var predecessors: [String: Set<UInt64>] = [:]
  /// Volumes of this store from before a restart of which others know nothing, with the time from which on they may be
  /// told; nil for those that somebody else decides about.
  private var unconfirmed: [String: (document: SharedVolume, since: ContinuousClock.Instant?)] = [:]
  /// The stores that were there when their places were looked at last; nil when there are new records.
  private var lookedAt: [UInt64]?

  init(_ backend: EtcdBackend, _ queue: VolumeQueue) {
    self.backend = backend
    self.queue = queue
  }

  // MARK: - What etcd has

  /// Takes an event, or what was read.
  func take(_ key: VolumeKey, _ value: [UInt8]?, at revision: Int64) {
    switch key {
    case .document(let id):
      let volume = value.flatMap { try? SharedVolume($0) }
      documents[id] = volume.map { Document(volume: $0, revision: revision) }
      if let volume { settle(volume) }
      if let volume, store.volumes[id] != nil { news.append(.changed(volume)) }
    case .open(let id, let instance):
      let record = value.flatMap { PlaceRecord($0) }
      if record?.session != places[id]?[instance]?.session { lookedAt = nil }
      places[id, default: [:]][instance] = record
      if instance == own {
        ownRevisions[id] = record == nil ? nil : revision
        if let record { confirmed.insert(record.session) }
        // What was told may have met a newer record.
        if record?.use != reported[id] { reported[id] = nil }
      }
      if record == nil { predecessors[id]?.remove(instance) }
      if places[id]?.isEmpty == true { places[id] = nil }
    case .tombstone(let id, let session):
      guard value != nil else {
        tombstones[id]?.remove(session)
        if tombstones[id]?.isEmpty == true { tombstones[id] = nil }
        return
      }
      tombstones[id, default: []].insert(session)
      news.append(.deleted(id, session: session))
    case .room(let instance): rooms[instance] = value.flatMap { RoomRecord($0) }
    case .snapshot, .copy, .part: made.take(key, value)
    }
  }

  /// Everything is told anew.
  func beginAnew() {
    (documents, places, tombstones, rooms, predecessors) = ([:], [:], [:], [:], [:])
    ownRevisions = [:]
    lookedAt = nil
    forgetReports()
    made.beginAnew()
  }

  /// Everything was told.
  ///
  /// - Parameter isContinued: whether what is missing was deleted; else etcd has lost its data.
  func endAnew(isContinued: Bool) {
    made.endAnew(isContinued: isContinued)
    for volume in store.volumes.values {
      guard let document = volume.document, !isDeleted(document.id, document.session) else { continue }
      let isKnown = documents[document.id]?.volume.session == document.session
      if isContinued, !isKnown {
        // What was read may be older than what this store has opened since.
        guard confirmed.contains(document.session) else { continue }
        news.append(.deleted(document.id, session: document.session))
      } else if !isContinued || places[document.id]?[own] == nil {
        restore(document)
      }
    }
  }

  private func isDeleted(_ id: String, _ session: UInt64) -> Bool { tombstones[id]?.contains(session) == true }

  private func restore(_ document: SharedVolume) {
    start(.restore(document), limit: nil) { [weak self] outcome in
      switch outcome {
      case .volume(let newest): self?.news.append(.changed(newest))
      case .nothing: self?.news.append(.deleted(document.id, session: document.session))
      case .refused: break
      }
    }
  }

  func takeNews() -> [SharedVolumeNews] {
    takeResults()
    defer { news = [] }
    return news
  }

  // MARK: - Operations

  var place: String { PlaceRecord.place(store.instances[own]) }

  func start(
    _ kind: VolumeOperation.Kind, limit: Duration?, then answer: @escaping (VolumeOperation.Outcome) -> Void
  ) {
    let operation = VolumeOperation(kind: kind, layout: layout, instance: own, place: place)
    let id = kind.id
    let send = { [unowned self] in
      start(.operation(operation, limit: limit)) { [unowned self] result in
        beginNext(of: id)
        switch result {
        case .outcome(let outcome): answer(outcome)
        case .failure(let error): answer(.refused(error))
        case .contents, .copy: break
        }
      }
    }
    let begin = { [unowned self] in
      let left: UInt64? =
        switch kind {
        case .leave(_, let session, _): store.volumes[id]?.session.id == session ? nil : session
        case .discard(let session): session
        default: nil
        }
      if let left, backend.isWriting(in: left) { leaving.append((left, send)) } else { send() }
    }
    // One after the other: a volume that is left and opened again must not be left at last, and the record of the new
    // one must not replace that of a deleted one into which the store still writes.
    guard underWay[id] == nil else {
      underWay[id]?.append(begin)
      return
    }
    underWay[id] = []
    begin()
  }

  private func beginNext(of id: String) {
    guard let next = underWay[id]?.popFirst() else {
      underWay[id] = nil
      return
    }
    next()
  }

  func start(_ work: VolumeQueue.Work, then answer: @escaping (VolumeQueue.Result) -> Void) {
    last += 1
    answers[last] = answer
    queue.start(last, work)
  }

  /// Gives the answers that have come.
  private func takeResults() {
    for (number, result) in queue.takeResults() { answers.removeValue(forKey: number)?(result) }
    guard !leaving.isEmpty else { return }
    let all = leaving
    leaving = all.filter { backend.isWriting(in: $0.session) }
    for entry in all where !backend.isWriting(in: entry.session) { entry.begin() }
  }

  // MARK: - Opening

  func document(of id: String) -> SharedVolume? { documents[id]?.volume }

  func open(_ wish: SharedVolume, then answer: @escaping (Result<SharedVolume, StoreError>) -> Void) {
    start(.open(wish), limit: Self.limit) { [weak self] outcome in
      switch outcome {
      case .refused(let error): answer(.failure(error))
      case .nothing: answer(.failure(Self.deleted(wish.id)))
      case .volume(let found): answer(self?.newest(of: found) ?? .success(found))
      }
    }
  }

  /// What has been heard of a volume since it was read.
  private func newest(of volume: SharedVolume) -> Result<SharedVolume, StoreError> {
    if isDeleted(volume.id, volume.session) {
      leave(volume.id, session: volume.session)
      return .failure(Self.deleted(volume.id))
    }
    guard let heard = documents[volume.id]?.volume, heard.session == volume.session,
      heard.generation > volume.generation
    else { return .success(volume) }
    return .success(heard)
  }

  private static func deleted(_ id: String) -> StoreError {
    StoreError(.objectNotExists, "volume '\(id)' was deleted while it was opened")
  }

  func reopen(_ document: SharedVolume) -> SharedVolume? {
    let (id, session) = (document.id, document.session)
    if isDeleted(id, session) { return nil }
    guard let found = documents[id]?.volume else {
      // Etcd has lost its data. Those who have run meanwhile know what was there; this document may be older.
      holdBack(document)
      return document
    }
    if found.session != session { return nil }
    restore(document)
    return found
  }

  // MARK: - Volumes that others do not know

  /// The attribute of a volume that the driver has made for a PersistentVolume: whether that is there decides.
  private static let volumeName = "csi.storage.k8s.io/pv/name"

  private func holdBack(_ document: SharedVolume) {
    let silence = backend.membership?.silence ?? .zero
    if silence == .zero { return restore(document) }
    let isDecided = document.settings.attributes[Self.volumeName] == nil
    unconfirmed[document.id] = (document, isDecided ? .now + silence : nil)
  }

  /// Takes what others say of a volume that was held back.
  private func settle(_ found: SharedVolume) {
    guard let (document, _) = unconfirmed.removeValue(forKey: found.id) else { return }
    if found.session == document.session { return restore(document) }
    news.append(.deleted(document.id, session: document.session))
  }

  /// Tells others of volumes about which nobody has said anything.
  private func restoreLate() {
    for (id, entry) in unconfirmed where entry.since.map({ $0 <= .now }) == true { confirm(id) }
  }

  func isUnconfirmed(_ id: String) -> Bool { unconfirmed[id] != nil }

  func confirm(_ id: String) {
    guard let (document, _) = unconfirmed.removeValue(forKey: id) else { return }
    restore(store.volumes[id]?.document ?? document)
  }

  // MARK: - Following

  func follow(_ session: Session, then answer: @escaping (StoreError?) -> Void) {
    if session === store.root || backend.takeInitial(session) { return answer(nil) }
    let isStarting = backend.isStarting
    start(.contents(session.id)) { [unowned self] result in
      // It may be gone again.
      guard store.sessions[session.id] === session, session.isShared else { return answer(nil) }
      switch result {
      case .contents(let contents):
        backend.beginToFollow(session, contents)
        answer(nil)
      case .failure(let error), .outcome(.refused(let error)):
        if isStarting { follow(session, then: answer) } else { answer(error) }
      case .outcome, .copy: answer(nil)
      }
    }
  }

  // MARK: - Changing

  func change(
    _ id: String, _ change: SharedVolumeChange, then answer: @escaping (Result<SharedVolume, StoreError>) -> Void
  ) {
    start(.change(id, change), limit: Self.limit) { outcome in
      switch outcome {
      case .volume(let volume): answer(.success(volume))
      case .nothing: answer(.failure(Self.deleted(id)))
      case .refused(let error): answer(.failure(error))
      }
    }
  }

  func delete(_ id: String, then answer: @escaping (Result<SharedVolume?, StoreError>) -> Void) {
    unconfirmed[id] = nil
    start(.delete(id), limit: Self.limit) { [weak self] outcome in
      switch outcome {
      case .volume(let volume):
        // It may be that nobody has it.
        if self?.store.volumes[id] == nil { self?.removePlaces(of: id, volume.session, []) }
        answer(.success(volume))
      case .nothing: answer(.success(nil))
      case .refused(let error): answer(.failure(error))
      }
    }
  }

  func leave(_ id: String, session: UInt64) {
    if unconfirmed[id]?.document.session == session { unconfirmed[id] = nil }
    reported[id] = nil
    lookedAt = nil
    backend.endToFollow(session)
    removePlaces(of: id, session, [own])
  }

  func removePlaces(of id: String, _ session: UInt64, _ instances: Set<UInt64>) {
    start(.leave(id, session: session, instances: instances), limit: nil) { _ in }
  }

  func beginServing() {
    backend.endStart()
    // Nobody else may be left to remove what remains of a volume that was deleted.
    news.removeAll { if case .changed = $0 { true } else { false } }
  }

  /// Forgets what earlier stores at this place had open, once they are gone.
  ///
  /// Until a volume that is open again has a record of this store, that of the earlier one stands for it.
  private func forgetPredecessors() {
    let present = store.instances.ascending.map(\.id)
    if present == lookedAt { return }
    lookedAt = present
    let place = place
    for (id, records) in places {
      let unrecorded = store.volumes[id].map(\.session.id).flatMap { records[own]?.session == $0 ? nil : $0 }
      let former = records.filter { instance, record in
        record.place == place && instance != own && store.instances[instance] == nil
          && record.session != unrecorded && predecessors[id]?.contains(instance) != true
      }
      for (session, entries) in Dictionary(grouping: former, by: \.value.session) {
        predecessors[id, default: []].formUnion(entries.map(\.key))
        removePlaces(of: id, session, Set(entries.map(\.key)))
      }
    }
  }

  // MARK: - What stores have

  func report(_ uses: [String: SharedVolumeUse], _ capacity: StoreCapacity) {
    forgetPredecessors()
    if !unconfirmed.isEmpty { restoreLate() }
    var transactions: [Transaction] = []
    for (id, use) in uses where reported[id] != use {
      guard let session = store.volumes[id]?.session.id, places[id]?[own]?.session == session,
        let revision = ownRevisions[id]
      else { continue }
      reported[id] = use
      let key = layout.text(.open(id, own))
      let record = PlaceRecord(session: session, place: place, use: use)
      transactions.append(
        Transaction(if: [.isUnchanged(key, since: revision)], then: [.put(key: key, value: record.text)]))
    }
    let room = RoomRecord(capacity)
    if room != reportedRoom {
      reportedRoom = room
      transactions.append(
        Transaction(
          if: [.exists(layout.text(.instance(own, Standing.mark)))],
          then: [.put(key: layout.text(.room(own)), value: room.text)]))
    }
    guard !transactions.isEmpty else { return }
    start(.report(transactions)) { [weak self] result in
      if case .failure = result { self?.forgetReports() }
    }
  }

  /// Has everything told again.
  func forgetReports() { (reported, reportedRoom) = ([:], nil) }

  func useElsewhere(of id: String) -> SharedVolumeUse {
    guard let session = documents[id]?.volume.session else { return SharedVolumeUse() }
    var sum = SharedVolumeUse()
    for (instance, record) in places[id] ?? [:] where instance != own && record.session == session {
      guard store.instances[instance] != nil else { continue }
      sum.used += record.use.used
      sum.connections += record.use.connections
      // Each store knows all of them.
      sum.objects = max(sum.objects, record.use.objects)
      sum.names = max(sum.names, record.use.names)
    }
    return sum
  }

  var copies: any SharedCopies { made }

  var instances: [InstanceCapacity] {
    store.instances.ascending.map { id, record in
      let room = id == own ? RoomRecord(store.capacity) : rooms[id]
      return InstanceCapacity(
        instance: id, node: record.nodename, endpoint: record.rpcEndpoint,
        isReachable: store.instances.state(of: id) == .reachable, limit: room?.limit ?? 0, used: room?.used ?? 0,
        promised: room?.promised ?? 0)
    }
  }
}
