import EtcdClient
import SeededRandom

@testable import EtcdMetadata

/// Several stores that share the quota of a volume, with an etcd that loses and delays what passes. Deterministic.
struct QuotaSimulation {
  struct Failure: Error, CustomStringConvertible {
    let seed: UInt64
    let time: Int
    let text: String

    var description: String { "\(text), at \(time); replay with: scripts/test --seed \(seed)" }
  }

  /// What has become of the blobs, for comparisons between runs.
  struct Counts: Equatable {
    var made = 0
    var refused = 0
    var late = 0
    var reaped = 0
    var resized = 0
  }

  /// Request on its way to etcd, and the time at which it gets there; then what it has come to, on its way back.
  struct Message {
    let instance: UInt64
    let number: Int
    let action: QuotaShare.Action
    var arrival: Int?
    var answer: (time: Int, outcome: QuotaShare.Outcome)?
    let timeout: Int
  }

  static let volume = "v"
  static let faults = 300
  /// Time without a sign of life after which what a store had is removed.
  static let silence = 60

  let seed: UInt64
  let layout = KeyLayout(prefix: "p")
  var random: SplitMix64
  var time = 0
  var etcd = ModelEtcd()
  var stores: [QuotaStore] = []
  /// What etcd has.
  private(set) var record: QuotaRecord?
  var messages: [Message] = []
  var counts = Counts()
  /// Bytes that stores have which were given up and came back.
  var excess: UInt64 = 0
  var quota: UInt64
  /// What has become of the last blob.
  var lastVerdict: QuotaShare.Verdict?
  private var lastInstance: UInt64 = 0
  private var lastMessage = 0
  private var settled: Int?

  init(seed: UInt64) {
    self.seed = seed
    random = SplitMix64(seed: seed)
    quota = UInt64(1 << (10 + random.number(below: 20))) + UInt64(random.number(below: 1000))
    for _ in 0..<(2 + random.number(below: 3)) { addStore() }
  }

  var key: [UInt8] { layout.grants(of: Self.volume, session: 1) }

  /// Takes over what etcd has.
  private mutating func readRecord() { record = etcd.read(.key(key)).first.flatMap { QuotaRecord($0.value) } }

  func failure(_ text: String) -> Failure { Failure(seed: seed, time: time, text: text) }

  // MARK: - A run

  mutating func run() throws -> Counts {
    while time < Self.faults { try tick(withFaults: true) }
    try heal()
    try checkTheEnd()
    return counts
  }

  mutating func tick(withFaults: Bool) throws {
    time += 1
    if withFaults {
      try makeFaults()
      try makeRequests()
    }
    try renewLeases()
    try moveMessages()
    followEtcd(all: !withFaults && random.oneIn(2))
    for index in stores.indices { try work(index) }
    try check()
  }

  private mutating func addStore() {
    lastInstance += 1
    stores.append(QuotaStore(instance: lastInstance, quota: quota, at: time, position: etcd.revision))
    stores[stores.count - 1].share.isSettling = isSettling
    register(lastInstance)
  }

  private mutating func register(_ instance: UInt64) {
    _ = try? etcd.apply(Transaction(then: [.put(key: layout.member(instance), value: [1])]))
  }

  // MARK: - Faults

  private mutating func makeFaults() throws {
    if random.oneIn(150), let index = random.pick(stores.indices) { stores[index].isCut.toggle() }
    if random.oneIn(60) { for index in stores.indices where random.oneIn(2) { stores[index].isCut = false } }
    if random.oneIn(400), let index = random.pick(stores.indices) {
      stores.remove(at: index)
      addStore()
    }
    if seed % 4 == 0, time == Self.faults / 2 { loseData() }
    if settled == time { for index in stores.indices { stores[index].share.isSettling = false } }
  }

  /// Etcd starts again without its data.
  private mutating func loseData() {
    quota = record?.quota ?? quota
    etcd = ModelEtcd()
    record = nil
    messages = messages.map {
      var lost = $0
      lost.arrival = nil
      return lost
    }
    for index in stores.indices {
      if stores[index].share.isSuspended { excess += stores[index].used }
      stores[index].isCut = false
      stores[index].position = etcd.revision
      stores[index].contact = time
      stores[index].share.quota = quota
      stores[index].share.forgetHistory()
      register(stores[index].share.instance)
    }
    settled = time + 2 * Self.silence
  }

  /// Whether stores find each other after etcd has lost its data; whoever is cut off then stays outside.
  private var isSettling: Bool { settled.map { time < $0 } ?? false }

  private mutating func renewLeases() throws {
    for index in stores.indices {
      let instance = stores[index].share.instance
      if stores[index].isCut {
        if isSettling { stores[index].isCut = false }
        if time - stores[index].contact > Self.silence / 2 { stores[index].share.suspend() }
        continue
      }
      stores[index].contact = time
      if etcd.read(.key(layout.member(instance))).isEmpty {
        register(instance)
        stores[index].share.suspend()
        excess += stores[index].used
      }
      stores[index].share.resume()
    }
    guard time % 4 == 0 else { return }
    for member in etcd.read(.prefix(layout.members)) {
      guard let id = UInt64(String(decoding: member.key.dropFirst(layout.members.count + 1), as: UTF8.self)),
        stores.first(where: { $0.share.instance == id }).map({ time - $0.contact > Self.silence })
          ?? random.oneIn(Self.silence / 4)
      else { continue }
      reap(id)
    }
  }

  private mutating func reap(_ instance: UInt64) {
    var operations: [Transaction.Operation] = [.delete(.key(layout.member(instance)))]
    if var record, record.remove(instance) { operations.append(.put(key: key, value: record.text)) }
    _ = try? etcd.apply(Transaction(then: operations))
    readRecord()
    counts.reaped += 1
  }

  // MARK: - Messages

  mutating func send(_ action: QuotaShare.Action, from index: Int) {
    lastMessage += 1
    stores[index].message = lastMessage
    // Some come after their sender has given up.
    let delay = random.oneIn(10) ? 20 + random.number(below: 60) : 1 + random.number(below: 4)
    let isLost = stores[index].isCut || time < Self.faults && random.oneIn(15)
    messages.append(
      Message(
        instance: stores[index].share.instance, number: lastMessage, action: action,
        arrival: isLost ? nil : time + delay, timeout: time + 30))
  }

  private mutating func moveMessages() throws {
    for place in messages.indices {
      if messages[place].arrival == time { arrive(place) }
      let message = messages[place]
      guard let index = stores.firstIndex(where: { $0.share.instance == message.instance }),
        stores[index].message == message.number
      else { continue }
      if let answer = message.answer, answer.time <= time {
        stores[index].message = nil
        stores[index].share.finish(message.action, answer.outcome)
      } else if message.timeout <= time {
        stores[index].message = nil
        stores[index].share.finish(message.action, .unknown)
      }
    }
    messages.removeAll { $0.timeout + 100 < time }
  }

  private mutating func arrive(_ place: Int) {
    let message = messages[place]
    let request = message.action.transaction(on: key, if: [.exists(layout.member(message.instance))])
    guard let reply = try? etcd.apply(request) else { return }
    readRecord()
    if time < Self.faults, random.oneIn(15) { return }
    let outcome = message.action.outcome(
      succeeded: reply.succeeded, revision: reply.revision, found: reply.found.first?.first)
    messages[place].answer = (time + 1 + random.number(below: 4), outcome)
  }

  /// Lets stores see what others have written, some of it or all.
  private mutating func followEtcd(all: Bool) {
    if time % 100 == 0, let first = stores.map(\.position).min() { etcd.compact(before: first) }
    for index in stores.indices
    where stores[index].position < etcd.revision && !stores[index].isCut && (all || random.oneIn(4)) {
      guard let events = try? etcd.events(after: stores[index].position, in: .prefix([])) else { continue }
      let count = all ? events.count : random.number(below: events.count + 1)
      for (revision, news) in events.prefix(count) {
        stores[index].position = revision
        for event in news {
          guard event.key == key else { continue }
          if case .put(let pair) = event {
            stores[index].share.see(QuotaRecord(pair.value), pair.modRevision, at: revision)
          } else {
            stores[index].share.see(nil, 0, at: revision)
          }
        }
      }
    }
  }
}
