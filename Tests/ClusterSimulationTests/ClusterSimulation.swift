import EtcdClient
import JSON
import MetadataBackend
import SeededRandom
import StoreCore
import StoreProtocol

@testable import EtcdMetadata

/// What contradicted what stores promise, and how to see it again.
struct ClusterFailure: Error, CustomStringConvertible {
  let seed: UInt64
  let step: Int
  let action: String
  let problem: String

  var description: String {
    "seed \(seed), step \(step) (\(action)): \(problem)\nreplay with: scripts/test --seed \(seed)"
  }
}

/// Several stores, a model of etcd and of the network between: requests of clients, messages that are late or lost,
/// partitions, crashes and compaction, in an order that follows from the seed.
final class ClusterSimulation {
  static let steps = 300
  static let stores = 3
  /// Rounds in which everything has to settle once nothing fails any more.
  static let rounds = 200

  let seed: UInt64
  /// Whether the answer to a change may be lost that etcd has made, requests may arrive after others, and changes may be
  /// given up.
  let losesAnswers: Bool
  var random: SplitMix64
  let layout = KeyLayout(prefix: "test")
  var etcd = ModelEtcd()
  var stores: [SimulatedStore] = []
  var history = NameHistory()
  /// Objects that etcd has had.
  private(set) var writtenObjects: Set<ObjectID> = []
  /// The number in each object that was made.
  var values: [ObjectID: Int] = [:]
  var now: UInt64 = 1_795_434_510_000
  private var lastInstance: UInt64 = 0
  private var lastValue = 0
  /// What is looked at up to here.
  private var observed: Int64 = 1
  private(set) var step = 0
  private(set) var action = "start"
  /// FNV-1a hash of everything that was done and answered.
  private(set) var digest: UInt64 = 0xcbf2_9ce4_8422_2325

  init(seed: UInt64, losesAnswers: Bool = false) {
    self.seed = seed
    self.losesAnswers = losesAnswers
    random = SplitMix64(seed: seed)
  }

  /// Runs all steps, ends all disturbances and lets everything settle.
  ///
  /// - Returns: the digest of everything that was answered.
  func run() async throws(ClusterFailure) -> UInt64 {
    for _ in 0..<Self.stores { join() }
    for number in 1...Self.steps {
      step = number
      now += UInt64(random.number(below: 3))
      try await takeStep()
      try observe()
      if number % 50 == 0 { try checkContents() }
    }
    try await settle()
    try checkAgreement()
    return digest
  }

  private func takeStep() async throws(ClusterFailure) {
    let index = random.number(below: stores.count)
    let store = stores[index]
    store.store.now = now
    switch random.number(below: 100) {
    case 0..<35:
      try request(store)
      if random.oneIn(2) { await store.endTurn() }
    case 35..<55: moveWriter(store)
    case 55..<70:
      guard !store.isCut else { return }
      begin("\(store.instance) hears")
      _ = store.follower.step(etcd, layout, store.backend, atMost: 1 + random.number(below: 4))
    case 70..<78: if !store.isCut { answer(store, isHeard: !random.oneIn(8)) } else { answer(store, isHeard: false) }
    case 78..<94: try await turn(store)
    case 94, 95:
      begin("\(store.instance) is \(store.isCut ? "there again" : "cut off")")
      store.isCut.toggle()
    case 96:
      begin("compaction")
      etcd.compact(before: etcd.revision - Int64(random.number(below: 10)))
    case 97:
      begin("\(store.instance) loses its place")
      store.follower.lose()
    case 98:
      begin("etcd restarts")
      for store in stores where store.writer.isSending || losesAnswers && store.writer.message != nil {
        store.writer.lose(store.queues, isLate: false)
      }
    default: if random.oneIn(2) { restart(index) }
    }
  }

  // MARK: - Coming and going

  private func join() {
    lastInstance += 1
    begin("\(lastInstance) joins")
    stores.append(SimulatedStore(lastInstance, etcd, layout, now: now))
  }

  /// A store dies, with what it had not written, and another takes its place.
  private func restart(_ index: Int) {
    let store = stores[index]
    begin("\(store.instance) dies")
    if case .request? = store.writer.message, random.oneIn(2) { store.writer.arrive(at: &etcd) }
    stores.remove(at: index)
    join()
  }

  // MARK: - Messages

  private func moveWriter(_ store: SimulatedStore) {
    switch store.writer.message {
    case nil: if store.writer.begin(store.queues) { begin("\(store.instance) writes \(store.writer.batch.count)") }
    case .request? where !store.isCut && !random.oneIn(8):
      begin("the request of \(store.instance) arrives")
      store.writer.arrive(at: &etcd)
    case .answer(let reply)? where !losesAnswers || !store.isCut && !random.oneIn(8):
      begin("\(store.instance) has written, at \(reply?.revision ?? 0)")
      store.writer.finish(reply, store.queues)
    case .request? where losesAnswers && random.oneIn(4) && store.writer.arriveLate(at: &etcd):
      begin("a request of \(store.instance) arrives late")
    default:
      begin("a message of \(store.instance) is lost")
      store.writer.lose(store.queues, isLate: losesAnswers && random.oneIn(3))
    }
  }

  private func answer(_ store: SimulatedStore, isHeard: Bool) {
    guard store.question != nil else { return }
    begin("\(store.instance) is \(isHeard ? "" : "not ")answered")
    store.answer(isHeard ? etcd : nil)
  }

  func turn(_ store: SimulatedStore) async throws(ClusterFailure) {
    begin("turn of \(store.instance)")
    let (durable, refused, answered) = store.take()
    for held in durable { try end(held, isRefused: false) }
    for (held, isUndone) in refused {
      record("refused: \(held.request)")
      // What is not undone is still to be written: its client does not know.
      if isUndone { try end(held, isRefused: true) }
    }
    for (asked, isHeard) in answered { try goOn(asked, isHeard: isHeard, store) }
    await store.endTurn()
  }

  /// What etcd has changed since the last look.
  func observe() throws(ClusterFailure) {
    guard let news = try? etcd.events(after: observed, in: .prefix(layout.everything)) else {
      throw failure("compaction went past what was looked at")
    }
    observed = etcd.revision
    for event in news.flatMap(\.events) {
      let name: String
      switch layout.parse(event.key)?.key {
      case .object(let id)?, .field(let id, "typename")?:
        writtenObjects.insert(id)
        continue
      case .name(let changed)?: name = changed
      default: continue
      }
      let (target, revision): (ObjectID?, Int64) =
        switch event {
        case .put(let pair): (JSONText.number(pair.value).map { ObjectID($0) }, pair.modRevision)
        case .delete(_, let revision): (nil, revision)
        }
      if let problem = history.change(name, target, at: revision) { throw failure(problem) }
    }
  }

  func nextValue() -> Int {
    lastValue += 1
    return lastValue
  }

  // MARK: - Recording and failing

  /// Names what happens now and adds it to the digest.
  func begin(_ action: String) {
    self.action = action
    record(action)
  }

  /// Adds a result to the digest.
  func record(_ result: String) {
    var result = result
    digest = result.withUTF8 { $0.reduce(digest) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 } }
  }

  func check(_ isTrue: Bool, _ problem: @autoclosure () -> String) throws(ClusterFailure) {
    if !isTrue { throw failure(problem()) }
  }

  func failure(_ problem: String) -> ClusterFailure {
    ClusterFailure(seed: seed, step: step, action: action, problem: problem)
  }
}
