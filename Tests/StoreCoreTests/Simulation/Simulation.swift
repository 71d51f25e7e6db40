import SeededRandom
import StoreCore
import StoreProtocol

/// What contradicted the model, and how to see it again.
struct SimulationFailure: Error, CustomStringConvertible {
  let seed: UInt64
  let step: Int
  let action: String
  let problem: String

  var description: String {
    "seed \(seed), step \(step) (\(action)): \(problem)\nreplay with: scripts/test --seed \(seed)"
  }
}

/// Random requests of several clients, page jobs that end in any order or fail, and a model that knows what must come
/// of them. Everything follows from the seed.
final class Simulation {
  static let steps = 400

  /// What half of the requests of a run are about, so that states deep inside one subject are reached.
  private enum Focus: CaseIterable {
    case everything, memory, metadata, streams, plasma, moves, volumes, copies
  }

  let seed: UInt64
  var random: SplitMix64
  let store: Store
  let configuration: Store.Configuration
  let root: ModelSession
  var sessions: [ModelSession]
  var clients: [SimulatedClient] = []
  var volumes: [ModelVolume] = []
  var snapshots: [ModelVolume] = []
  /// Clients of deleted volumes that have not closed their side yet.
  var leaving: [SimulatedClient] = []
  var extents: [ModelExtent] = []
  /// Copies of blobs of another store, and those on their way.
  var copies: [RemoteBlob: ObjectID] = [:]
  var incoming: [(copy: IncomingCopy, extent: ModelExtent)] = []
  var jobs: [Residency.Job] = []
  /// Tenants of memory files, by the keys of these.
  var fileTenants: [Int: UInt64] = [:]
  /// Volumes and snapshots whose files nobody writes to any more.
  var closedTenants: Set<UInt64> = []
  /// Bytes of blobs that are still to be copied.
  var pendingCopies: [PendingModelCopy] = []
  /// Blocks with pages that are being taken away.
  var leavingBlocks: Set<UInt64> = []
  /// Page blocks that have pages, by the jobs that ended.
  var warmBlocks: Set<UInt64> = []
  var lockHolders: [String: Int] = [:]
  /// Whether a backend takes its time, and refuses what it likes.
  let isLate: Bool
  /// What was changed since the first change that is not durable yet.
  var history: [ModelStep] = []
  /// Objects and names as they were before that, by the ids of their sessions.
  var base: [UInt64: ModelContents] = [:]
  /// Change sets that are neither acknowledged nor refused.
  var outstanding: [UInt64] = []
  /// Those of requests, whose clients wait for the verdict.
  var refusable: Set<UInt64> = []
  var lastNumber: UInt64 = 0
  /// The last change set that the store has handed out.
  var lastWritten: UInt64 = 0
  /// Whether the request at hand changed what others can see.
  var isWritten = false
  /// What the request at hand is waited for although it is not its own.
  var awaited: UInt64 = 0
  var request = 1
  private let focus: Focus
  private var nextClient = 1
  private(set) var step = 0
  private(set) var action = "start"
  /// FNV-1a hash of everything the store answered.
  private(set) var digest: UInt64 = 0xcbf2_9ce4_8422_2325

  init(seed: UInt64) {
    self.seed = seed
    random = SplitMix64(seed: seed)
    let limit = (random.oneIn(2) ? 24 : 1) * mebibyte
    var configuration = Store.Configuration(limit: limit, arenaLength: random.oneIn(2) ? limit : 2 * limit)
    configuration.populate = random.pick(PopulateMode.allCases) ?? .off
    configuration.reserve = UInt64(random.number(below: 4)) * Residency.blockSize
    let instance = UInt64(random.number(below: 3))
    configuration.deletedMemory = random.oneIn(2) ? .keep : .reuse
    configuration.separatesTenants = seed % 2 == 0
    if configuration.separatesTenants {
      configuration.arenaLength = limit + UInt64(4 + random.number(below: 12)) * Residency.blockSize
    }
    self.configuration = configuration
    store = Store(configuration)
    store.assignInstance(instance)
    store.setInstance(9, Self.record)
    store.now = 1_795_434_510_000
    store.notesChanges = true
    isLate = random.oneIn(2)
    store.keepsChanges = isLate
    root = ModelSession(store.root)
    sessions = [root]
    focus = random.pick(Focus.allCases) ?? .everything
    if focus == .plasma { sessions.append(ModelSession(store.openSession(.plasma))) }
    if focus == .moves { sessions.append(ModelSession(store.openSession(.normal))) }
  }

  /// Runs all steps and takes everything down again.
  ///
  /// - Returns: the digest of everything the store answered.
  func run() throws(SimulationFailure) -> UInt64 {
    for number in 1...Self.steps {
      step = number
      store.now = store.now + UInt64(random.number(below: 3)) - (random.oneIn(20) ? 5 : 0)
      try takeStep()
      try wakeParked()
      if isLate { try settleSome() }
      try checkCheap()
      if number % 25 == 0 { try checkThoroughly() }
    }
    try tearDown()
    return digest
  }

  private func takeStep() throws(SimulationFailure) {
    if clients.count < 4 || random.oneIn(40) { return try connect() }
    switch random.number(below: 60) {
    case 0: try disconnect()
    case 1: if clients.count > 6 { try disconnect() } else { try openOrCloseSession() }
    case 2...6: try pageStep()
    case 7: try volumeStep()
    case 10: try copyStep()
    case 11...25 where focus == .copies: try copyStep()
    case 8, 9: if focus == .volumes { try volumeStep() } else { try pageStep() }
    default:
      guard let client = random.pick(clients.filter(\.isIdle)) else { return try pageStep() }
      try request(client)
    }
  }

  private func request(_ client: SimulatedClient) throws(SimulationFailure) {
    // Some requests are refused before anything else is done: then all must be as it was.
    // Copies go for good when their room is needed, or an object names them.
    let before = isLate && random.oneIn(8) && copies.isEmpty ? try fingerprint() : nil
    try dispatch(client)
    let number = try endRequest(of: client)
    guard let before, let number, try refuse(number) else { return }
    let after = try fingerprint()
    try check(before == after, "what was refused has left its traces:\n\(before)\n\(after)")
  }

  private func dispatch(_ client: SimulatedClient) throws(SimulationFailure) {
    if random.oneIn(2) { return try focusedRequest(client) }
    switch random.number(below: 40) {
    case 0...6: try createBlob(client)
    case 7, 8: try createBlobs(client)
    case 9...12: try seal(client)
    case 13...15: try read(client)
    case 16: try release(client)
    case 17: try drop(client)
    case 18: try shrink(client)
    case 19...22: try createObject(client)
    case 23...26: try delete(client)
    case 27: try persistOrLabel(client)
    case 28, 29: try nameRequest(client)
    case 30: try list(client)
    case 31: try shallowCopy(client)
    case 32...34: try streamRequest(client)
    case 35, 36: try plasmaRequest(client)
    case 37: try moveOwnership(client)
    case 38: try lockRequest(client)
    default: if random.oneIn(4) { try clear(client) } else { try deleteFast(client) }
    }
  }

  private func focusedRequest(_ client: SimulatedClient) throws(SimulationFailure) {
    switch (focus, random.number(below: 6)) {
    case (.streams, _): try streamRequest(client)
    case (.plasma, 0): try moveOwnership(client)
    case (.plasma, _): try plasmaRequest(client)
    case (.metadata, 0...2): try createObject(client)
    case (.metadata, 3): try persistOrLabel(client)
    case (.metadata, 4): try nameRequest(client)
    case (.metadata, _): try delete(client)
    case (.moves, 0), (.moves, 1): try moveOwnership(client)
    case (.copies, 0): try createObject(client)
    case (.copies, 1), (.copies, 2): try createBlob(client)
    case (.copies, 3): try seal(client)
    case (.copies, 4): try read(client)
    case (.memory, 0...2), (.everything, 0), (.moves, 2): try createBlob(client)
    case (.memory, 3), (.everything, 1), (.moves, 3): try seal(client)
    case (.memory, 4), (.everything, 2), (.moves, 4): try read(client)
    case (.moves, _): try drop(client)
    case (.volumes, 0), (.volumes, 1): try createObject(client)
    case (.volumes, 2): try createBlob(client)
    case (.volumes, 3): try nameRequest(client)
    case (.volumes, 4): try seal(client)
    case (.volumes, _): try read(client)
    case (.memory, _), (.everything, _), (.copies, _): try delete(client)
    }
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

  func check(_ isTrue: Bool, _ problem: @autoclosure () -> String) throws(SimulationFailure) {
    if !isTrue { throw failure(problem()) }
  }

  func failure(_ problem: String) -> SimulationFailure {
    SimulationFailure(seed: seed, step: step, action: action, problem: problem)
  }

  /// Makes a request, records its outcome and expects the code the model predicts, nil for success.
  func expect<Value>(
    _ code: StatusCode?, _ body: () throws -> Value
  ) throws(SimulationFailure) -> Value? {
    switch attempt(body) {
    case .success(let value):
      record("\(value)")
      if let code { throw failure("succeeded with \(value), expected \(code)") }
      return value
    case .failure(let error):
      record(error.message)
      if code != error.code { throw failure("failed with \(error), expected \(code.map { "\($0)" } ?? "success")") }
      return nil
    }
  }

  /// Makes a request whose outcome the caller judges.
  func attempt<Value>(_ body: () throws -> Value) -> Result<Value, StoreError> {
    do { return .success(try body()) } catch {
      return .failure(error as? StoreError ?? StoreError(.unknownError, "\(error)"))
    }
  }

  // MARK: - Choosing

  /// An id of the session, mostly one that exists.
  func anyID(_ session: ModelSession) -> ObjectID {
    switch random.number(below: 10) {
    case 0: return random.pick(session.known) ?? .invalid
    case 1: return random.pick([ObjectID(7), ObjectID(1 << 63 | 7), .emptyBlob, .invalid]) ?? .invalid
    case 2...5: return random.pick(session.sortedObjects) ?? .invalid
    default: return anyBlob(session)
    }
  }

  /// The id of a blob, mostly one that exists.
  func anyBlob(_ session: ModelSession) -> ObjectID {
    if random.oneIn(12) { return random.pick([ObjectID(1 << 63 | 7), .emptyBlob]) ?? .emptyBlob }
    return random.pick(session.sortedBlobs) ?? .emptyBlob
  }

  func newClientNumber() -> Int {
    defer { nextClient += 1 }
    return nextClient
  }
}
