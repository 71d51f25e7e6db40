import EtcdClient
import JSON
import MetadataBackend
import SeededRandom
import StoreCore
import StoreProtocol

@testable import EtcdMetadata

/// Several stores with the same volumes: opened, written, frozen and deleted on any of them, while messages are lost and
/// stores die and are started again at their places, in an order that follows from the seed.
final class VolumeSimulation {
  private static let steps = 400
  private static let rounds = 300
  private static let ids = ["a", "b"]
  private static let names = ["x", "y", "z"]

  private let seed: UInt64
  private var random: SplitMix64
  private let layout = KeyLayout(prefix: "test")
  private var etcd = ModelEtcd()
  private var stores: [SimulatedVolumes] = []
  private var lastInstance: UInt64 = 0
  private var now: UInt64 = 1_795_434_510_000
  private var step = 0
  private var action = "start"
  private var values: [ObjectID: Int] = [:]
  /// FNV-1a hash of everything that was done.
  private var digest: UInt64 = 0xcbf2_9ce4_8422_2325

  init(seed: UInt64) {
    self.seed = seed
    random = SplitMix64(seed: seed)
  }

  /// Runs all steps, then lets everything settle.
  ///
  /// - Returns: the digest of everything that was done.
  func run() async throws(ClusterFailure) -> UInt64 {
    for place in 0..<3 { stores.append(make(at: place, disk: [:])) }
    for number in 1...Self.steps {
      step = number
      now += UInt64(random.number(below: 30))
      try await takeStep()
      if number % 50 == 0 { try checkStores() }
    }
    try await settle()
    now += 5000
    for store in stores {
      store.store.now = now
      store.store.passTime()
    }
    try await settle()
    try checkAgreement()
    return digest
  }

  private func make(at place: Int, disk: [String: SharedVolume]) -> SimulatedVolumes {
    lastInstance += 1
    return SimulatedVolumes(lastInstance, at: "place\(place)", disk: disk, etcd, layout, now: now)
  }

  private func takeStep() async throws(ClusterFailure) {
    let index = random.number(below: stores.count)
    let store = stores[index]
    store.store.now = now
    let id = random.choose(Self.ids)
    switch random.number(below: 100) {
    case 0..<8: begin("\(index) opens \(id)") { store.open(id) }
    case 8..<10: begin("\(index) deletes \(id)") { store.delete(id) }
    case 10..<13:
      let isFrozen = random.oneIn(2)
      begin("\(index) \(isFrozen ? "freezes" : "thaws") \(id)") { store.freeze(id, isFrozen) }
    case 13..<30: try put(store, id, index)
    case 30..<32:
      store.report()
      store.store.passTime()
    case 32..<55:
      let fate: SimulatedVolumes.Fate = random.oneIn(10) ? (random.oneIn(2) ? .isLost : .answerIsLost) : .arrives
      let message = random.number(below: 8)
      begin("message \(message) of \(index), \(fate)") { _ = store.step(message, &etcd, layout, fate) }
    case 55..<68: write(store)
    case 68..<80:
      let (choice, count) = (random.number(below: 12), 1 + random.number(below: 4))
      begin("\(index) hears \(choice)") {
        _ = store.shared.follower.step(etcd, layout, store.shared.backend, choice: choice, atMost: count)
      }
    case 80..<97: await turn(store)
    case 97: store.shared.follower.lose()
    default: if random.oneIn(2) { restart(index) }
    }
  }

  private func restart(_ index: Int) {
    begin("\(index) dies") {
      // What was on its way may arrive.
      if random.oneIn(2) { _ = stores[index].step(0, &etcd, layout, .answerIsLost) }
      stores[index] = make(at: index, disk: stores[index].disk)
    }
  }

  private func put(_ store: SimulatedVolumes, _ id: String, _ index: Int) throws(ClusterFailure) {
    guard let volume = store.volume(id), !volume.isFrozen else { return }
    let name = random.choose(Self.names)
    action = "\(index) puts \(name) into \(id)"
    record(action)
    let client = store.store.connect(to: volume, label: "a client", isReadOnly: false)
    defer { store.store.disconnect(client) }
    let value = values.count + 1
    var text = "{\"typename\":\"t::O\",\"instance_id\":\(store.shared.instance),\"value\":\(value)}"
    let document = text.withUTF8 { utf8 -> MetadataDocument? in
      let bytes = UnsafeRawBufferPointer(utf8)
      var scanner = JSONScanner(bytes)
      return (try? scanner.scanValue()).flatMap { try? MetadataDocument(bytes, $0) }
    }
    guard let document, let object = try? store.store.createObjects([document], by: client).first?.id else {
      throw failure("no object can be made of \(text)")
    }
    values[object] = value
    do {
      try store.store.persist(object, by: client)
      try store.store.putName(name, to: object, by: client)
    } catch {
      throw failure("\(object) cannot be named: \(error)")
    }
    _ = store.store.endRequest(of: client)
  }

  // MARK: - Messages

  private func write(_ store: SimulatedVolumes) {
    let shared = store.shared
    if shared.writer.message == nil, !shared.writer.begin(shared.queues) { return }
    begin("\(shared.instance) writes") {
      if case .request? = shared.writer.message { shared.writer.arrive(at: &etcd) }
      if case .answer(let answer)? = shared.writer.message { shared.writer.finish(answer, shared.queues) }
    }
  }

  private func turn(_ store: SimulatedVolumes) async {
    store.store.now = now
    begin("turn of \(store.shared.instance)") {
      _ = store.shared.take()
      store.takeNews()
    }
    while store.store.isReclaiming {
      store.store.work.allow(1_000_000)
      store.store.reclaim()
    }
    await store.shared.endTurn()
  }

  private func settle() async throws(ClusterFailure) {
    begin("settle") {}
    for _ in 0..<Self.rounds {
      let before = etcd.revision
      var isQuiet = true
      for store in stores {
        await turn(store)
        while store.step(0, &etcd, layout, .arrives) { isQuiet = false }
        let isWriting = store.shared.writer.message != nil || store.shared.writer.begin(store.shared.queues)
        if isWriting {
          isQuiet = false
          write(store)
        }
        while store.shared.follower.step(etcd, layout, store.shared.backend, atMost: .max) { isQuiet = false }
        await turn(store)
        store.report()
        if !store.isQuiet { isQuiet = false }
      }
      if isQuiet, etcd.revision == before { return }
    }
    throw failure("there is no end to it: \(stores.map { "\($0.busy)" })")
  }

  // MARK: - Checks

  private func checkStores() throws(ClusterFailure) {
    for store in stores {
      let problems = store.store.inconsistencies()
      try check(problems.isEmpty, "\(store.shared.instance): \(problems.joined(separator: "; "))")
    }
  }

  /// In the end all stores have of each volume what etcd has, and of deleted ones nobody has anything.
  private func checkAgreement() throws(ClusterFailure) {
    try checkStores()
    var documents: [String: SharedVolume] = [:]
    for id in Self.ids {
      guard let pair = etcd.read(.key(layout.text(.document(id)))).first else { continue }
      documents[id] = try? SharedVolume(pair.value)
    }
    for (index, store) in stores.enumerated() {
      for id in Self.ids {
        let volume = store.store.volumes[id]
        try check(
          volume == nil || volume?.document == documents[id],
          "\(id) on \(index) is \(String(describing: volume?.document)), \(String(describing: documents[id])) in etcd")
        try check(store.disk[id]?.session == volume?.session.id, "the disk of \(index) has another \(id)")
        if let volume { try check(volume, on: index) }
      }
    }
    let sessions = Set(documents.values.map(\.session))
    for pair in etcd.read(.prefix(layout.everything)) {
      let text = String(decoding: pair.key, as: UTF8.self)
      if let (session, _) = layout.parse(pair.key) { try check(sessions.contains(session), "\(text) is nobody's") }
      switch layout.parseVolume(pair.key) {
      case .tombstone: throw failure("\(text) stays")
      case .open(let id, _):
        try check(PlaceRecord(pair.value)?.session == documents[id]?.session, "\(text) is of a volume that is deleted")
      default: break
      }
    }
  }

  private func check(_ volume: Volume, on index: Int) throws(ClusterFailure) {
    let (store, session) = (stores[index].store, volume.session)
    var (objects, names): (Set<ObjectID>, [String: ObjectID]) = ([], [:])
    for pair in etcd.read(.prefix(layout.everything(of: session.id))) {
      switch layout.parse(pair.key)?.key {
      case .object(let id)?: objects.insert(id)
      case .name(let name)?: names[name] = JSONText.number(pair.value).map { ObjectID($0) }
      default: break
      }
    }
    let own = Set(session.sharedObjects.map(\.id))
    try check(own == objects, "\(volume.id) on \(index) has \(own.sorted()), \(objects.sorted()) are in etcd")
    let ownNames = Dictionary(uniqueKeysWithValues: session.sharedNames.map { ($0.name, $0.id) })
    try check(ownNames == names, "the names of \(volume.id) on \(index) are \(ownNames), \(names) in etcd")
    for (id, instance) in session.sharedObjects {
      let text = store.storedText(of: id, in: session).map { String(decoding: $0, as: UTF8.self) } ?? ""
      try check(text.contains("\"value\":\(values[id] ?? 0)"), "\(id) is \(text)")
      // What lost its name goes at its owner, unless that has died.
      guard instance == stores[index].shared.instance else { continue }
      try check(names.values.contains(id), "\(id) has no name and stays in \(volume.id) on \(index)")
    }
  }

  // MARK: - Recording and failing

  private func begin(_ action: String, _ body: () -> Void) {
    self.action = action
    record(action)
    body()
  }

  private func record(_ result: String) {
    var result = result
    digest = result.withUTF8 { $0.reduce(digest) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 } }
  }

  private func check(_ isTrue: Bool, _ problem: @autoclosure () -> String) throws(ClusterFailure) {
    if !isTrue { throw failure(problem()) }
  }

  private func failure(_ problem: String) -> ClusterFailure {
    ClusterFailure(seed: seed, step: step, action: action, problem: problem)
  }
}
