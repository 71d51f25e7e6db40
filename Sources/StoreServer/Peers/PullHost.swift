import Logging
import SharedMemory
import StoreCore
import StoreProtocol
import Support

/// A fetch of blobs of one other store, and those who wait for it.
final class Pull {
  let number: UInt64
  let originals: [RemoteBlob]
  let session: Session
  /// Text that names the owner in errors.
  let source: String
  /// Other stores that may have copies and are not asked yet, the next one last.
  fileprivate var holders: [UInt64]
  /// Why the owner does not give its blobs, once others are asked.
  fileprivate var ownersFailure: StoreError?
  let started = monotonicNanoseconds()
  fileprivate(set) var transfer: PullTransfer?
  /// Room for the blobs, once it is there.
  fileprivate(set) var incoming: [IncomingCopy] = []
  /// Blobs that have all their pages, and bytes of the next one that have.
  fileprivate var warm: (blobs: Int, bytes: UInt64) = (0, 0)
  /// Why it cannot be finished, when the loop is the one to know.
  fileprivate(set) var failure: StoreError?
  /// For what nobody has asked for yet: told whether it came.
  fileprivate var prefetched: ((Bool) -> Void)?
  /// Whether a client waits for it.
  fileprivate(set) var isWanted = true

  init(_ number: UInt64, _ originals: [RemoteBlob], for session: Session, from source: String, or holders: [UInt64]) {
    self.number = number
    self.originals = originals
    self.session = session
    self.source = source
    self.holders = holders
  }
}

/// Fetches of blobs that are on other stores, on the loop: one for each blob, however many wait for it.
final class PullHost {
  /// What was fetched since the start.
  struct Counts {
    var fetches: UInt64 = 0
    var failures: UInt64 = 0
    /// Those that another store served than the owner, out of its copies.
    var fromOthers: UInt64 = 0
    /// Bytes.
    var bytes: UInt64 = 0
    var nanoseconds: UInt64 = 0
  }

  private struct Place: Hashable {
    let session: UInt64
    let original: RemoteBlob
  }

  private struct Peer: Hashable {
    let address: PeerAddress
    let session: UInt64
  }

  /// Blobs of one fetch.
  private static let mostBlobs = 4096
  /// Nanoseconds after which nobody waits any more; clients give up after 300 seconds.
  private static let longestWait: UInt64 = 280_000_000_000

  private let store: Store
  private let files: MemoryFiles
  private let mailbox: Mailbox
  /// How other stores are reached.
  private let access: PeerAccess
  private let log: Logger
  private var pulls: [UInt64: Pull] = [:]
  private var byBlob: [Place: UInt64] = [:]
  private var peers: [Peer: PeerThreads] = [:]
  private var last: UInt64 = 0
  private var isStopped = false
  private(set) var counts = Counts()
  /// Fetches that wait for pages.
  private var onPages: [Pull] = []

  init(_ store: Store, _ files: MemoryFiles, _ mailbox: Mailbox, _ access: PeerAccess, log: Logger) {
    self.store = store
    self.files = files
    self.mailbox = mailbox
    self.access = access
    self.log = log
  }

  /// Fetches blobs that have no copy here, or joins those who wait for them.
  ///
  /// - Parameter missing: not empty.
  /// - Returns: the reply to hold, whose request then looks again.
  /// - Throws: ioError when the store that has them cannot be asked.
  func fetch(_ missing: [RemoteBlob], for client: Client) throws(StoreError) -> HeldReply {
    let session = client.session
    if isStopped { throw StoreServer.stopping }
    if let number = missing.lazy.compactMap({ self.byBlob[Place(session: session.id, original: $0)] }).first,
      let pull = pulls[number]
    {
      pull.isWanted = true
      return held(by: pull)
    }
    let instance = missing[0].instance
    let originals = Array(missing.lazy.filter { $0.instance == instance }.prefix(Self.mostBlobs))
    return held(by: try begin(originals, of: instance, for: session))
  }

  /// Fetches blobs of one store that nobody has asked for yet, if there is room that nobody else wants.
  ///
  /// - Parameter then: called when it is over, with whether they are here.
  /// - Returns: false when it is not begun; then nothing is called.
  func prefetch(_ originals: [RemoteBlob], for session: Session, then: @escaping (Bool) -> Void) -> Bool {
    let isUnderWay = originals.contains { byBlob[Place(session: session.id, original: $0)] != nil }
    guard !isStopped, !isUnderWay, let instance = originals.first?.instance,
      store.instances.state(of: instance) == .reachable,
      let pull = try? begin(originals, of: instance, for: session)
    else { return false }
    pull.isWanted = false
    pull.prefetched = then
    return true
  }

  private func begin(
    _ originals: [RemoteBlob], of instance: UInt64, for session: Session
  ) throws(StoreError) -> Pull {
    let source = try source(instance)
    last += 1
    let pull = Pull(last, originals, for: session, from: source, or: holders(besides: instance))
    if store.instances.state(of: instance) == .unreachable {
      pull.ownersFailure = StoreError(.ioError, "\(source) gives no sign of life, and no other store has a copy")
      guard fetchElsewhere(pull) else { throw pull.ownersFailure ?? StoreServer.stopping }
    } else {
      let peer = try peer(of: instance, session)
      guard start(pull, peer, copiesOf: nil) else {
        throw StoreError(.ioError, "\(source): there is no thread to fetch its blobs")
      }
    }
    pulls[pull.number] = pull
    for original in originals { byBlob[Place(session: session.id, original: original)] = pull.number }
    counts.fetches += 1
    return pull
  }

  private func start(_ pull: Pull, _ peer: PeerThreads, copiesOf owner: UInt64?) -> Bool {
    let transfer = PullTransfer(
      pull.originals.map(\.id), from: peer, copiesOf: owner, timeout: UInt64(access.timeout.nanoseconds),
      reports: reports(of: pull.number))
    pull.transfer = transfer
    return transfer.start()
  }

  /// The stores that may have copies, the first to be asked last.
  private func holders(besides owner: UInt64) -> [UInt64] {
    let instances = store.instances
    return instances.ascending.map(\.id).filter {
      $0 != owner && $0 != instances.local && instances.state(of: $0) == .reachable
    }.reversed()
  }

  /// Asks the next store for its copies.
  ///
  /// - Returns: false when there is none.
  private func fetchElsewhere(_ pull: Pull) -> Bool {
    while let instance = pull.holders.popLast() {
      guard let peer = try? peer(of: instance, pull.session),
        start(pull, peer, copiesOf: pull.originals[0].instance)
      else { continue }
      return true
    }
    return false
  }

  private func held(by pull: Pull) -> HeldReply {
    let held = HeldReply(until: .pulled(pull.number), then: .request)
    held.deadline = (
      monotonicNanoseconds() + Self.longestWait,
      StoreError(.ioError, "\(pull.source): its blobs have not come within \(Self.longestWait / 1_000_000_000) seconds")
    )
    return held
  }

  private func reports(of number: UInt64) -> PullTransfer.Reports {
    PullTransfer.Reports(
      sized: { [mailbox] sizes in mailbox.post { $0.pulls.makeRoom(number, sizes) } },
      ended: { [mailbox] result in mailbox.post { $0.finishPull(number, result) } })
  }

  /// Text that names a store.
  private func source(_ instance: UInt64) throws(StoreError) -> String {
    guard let record = store.instances[instance] else {
      throw StoreError(.ioError, "instance \(instance), which has the blobs, is not there any more")
    }
    return "instance \(instance) on node '\(record.nodename)' at \(record.rpcEndpoint)"
  }

  /// The threads for another store.
  ///
  /// - Throws: ioError for a store that has no port for others.
  func peer(of instance: UInt64, _ session: Session) throws(StoreError) -> PeerThreads {
    let source = try source(instance)
    guard let address = PeerAddress(instance: instance, endpoint: store.instances[instance]?.rpcEndpoint ?? "") else {
      throw StoreError(.ioError, "\(source), which has the blobs, serves no other stores: it has no RPC port")
    }
    let key = Peer(address: address, session: session.id)
    if let peer = peers[key] { return peer }
    let peer = PeerThreads(address, from: store.instances.local, session: session.id, access)
    peers[key] = peer
    return peer
  }

  // MARK: - Room

  /// Makes room for blobs whose sizes are known now.
  func makeRoom(_ number: UInt64, _ sizes: [UInt64?]) {
    guard let pull = pulls[number] else { return }
    if let index = sizes.firstIndex(where: { $0 == nil }) {
      return refuse(
        pull, StoreError(.objectNotExists, "\(pull.source) has no blob \(pull.originals[index].id) any more"))
    }
    let blobs = zip(pull.originals, sizes).map { (original: $0, size: $1 ?? 0) }
    if !pull.isWanted {
      let total = blobs.reduce(UInt64(0)) { $0.addingReportingOverflow($1.size).overflow ? .max : $0 + $1.size }
      guard store.hasSpareRoom(forCopies: total) else {
        return refuse(pull, StoreError(.notEnoughMemory, "no room for copies that nobody has asked for"))
      }
    }
    store.work.allow(StoreServer.slice)
    store.reclaim(RoomMaking(creation: CopyCreation(blobs, in: pull.session)) { [weak self] in self?.take($0, pull) })
  }

  private func take(_ result: Result<[IncomingCopy], StoreError>, _ pull: Pull) {
    switch result {
    case .failure(let error): refuse(pull, error)
    case .success(let incoming):
      pull.incoming = incoming
      zeroTraces()
      pull.transfer?.place(incoming.compactMap { files.bytes(of: $0.range) })
      if advance(pull) { return }
      var pages = NewBlobs()
      for copy in incoming { pages.add(copy.original.id, copy.range) }
      for range in pages.ranges { store.demandPages(range) }
      onPages.append(pull)
    }
  }

  /// Overwrites what others have left in the room: what comes does not reach to the end of it.
  private func zeroTraces() {
    for range in store.takeShortTraces() { files.zero(range) }
  }

  /// Lets bytes come as far as there are pages for them.
  ///
  /// - Returns: whether there are all.
  private func advance(_ pull: Pull) -> Bool {
    defer { pull.transfer?.allow(blobs: pull.warm.blobs, bytes: pull.warm.bytes) }
    while pull.warm.blobs < pull.incoming.count {
      let range = pull.incoming[pull.warm.blobs].range
      while pull.warm.bytes < range.length {
        let start = range.offset + pull.warm.bytes
        let end = min(range.end, (start / Residency.blockSize + 1) * Residency.blockSize)
        guard store.memory.residency.isWarm(ByteRange(offset: start, length: end - start)) else { return false }
        pull.warm.bytes += end - start
      }
      pull.warm = (pull.warm.blobs + 1, 0)
    }
    return true
  }

  private func refuse(_ pull: Pull, _ error: StoreError) {
    pull.failure = error
    pull.transfer?.refuse()
  }

  /// Lets fetches go on whose pages are there.
  ///
  /// - Parameter refuses: whether the system has no more.
  func pagesChanged(refuses: Bool) {
    guard !onPages.isEmpty else { return }
    var waiting: [Pull] = []
    for pull in onPages where pulls[pull.number] != nil && !advance(pull) {
      guard refuses else {
        waiting.append(pull)
        continue
      }
      refuse(pull, StoreError(.notEnoughMemory, "no room for a copy of another store: the system has no pages left"))
    }
    onPages = waiting
  }

  // MARK: - The end

  /// Makes copies of what has come.
  ///
  /// - Returns: the fetch, and why it failed if it did.
  func finish(_ number: UInt64, _ result: Result<Void, StoreError>) -> (pull: Pull, failure: StoreError?)? {
    guard let pull = pulls[number] else { return nil }
    if case .failure(let error) = result, goesOnElsewhere(pull, error) { return nil }
    pulls[number] = nil
    for original in pull.originals { byBlob[Place(session: pull.session.id, original: original)] = nil }
    var failure = pull.failure
    if failure == nil, case .failure(let error) = result {
      failure = pull.ownersFailure ?? Self.failure(of: pull, error)
    } else if failure == nil, pull.ownersFailure != nil {
      counts.fromOthers += 1
    }
    for copy in pull.incoming { store.finish(copy, isComplete: failure == nil) }
    counts.nanoseconds += monotonicNanoseconds() - pull.started
    if let failure {
      counts.failures += 1
      if pull.prefetched == nil { log.warning("\(failure.message)") } else { log.debug("\(failure.message)") }
    } else {
      counts.bytes += pull.incoming.reduce(0) { $0 + $1.range.length }
    }
    return (pull, failure)
  }

  private static func failure(of pull: Pull, _ error: StoreError) -> StoreError {
    let verb = error.message.hasPrefix(PeerTLS.ownFault) ? "cannot be asked for" : "does not send"
    return StoreError(error.code, "\(pull.source) \(verb) its blobs: \(error.message)")
  }

  /// Goes on with another store that may have copies, when one cannot be reached or the copies are not there.
  private func goesOnElsewhere(_ pull: Pull, _ error: StoreError) -> Bool {
    guard !isStopped, pull.failure == nil, pull.ownersFailure != nil || error.code == .ioError else { return false }
    if pull.ownersFailure == nil { pull.ownersFailure = Self.failure(of: pull, error) }
    for copy in pull.incoming { store.finish(copy, isComplete: false) }
    (pull.incoming, pull.warm) = ([], (0, 0))
    onPages.removeAll { $0 === pull }
    return fetchElsewhere(pull)
  }

  /// Nanoseconds for which a fetch counts as one whose bytes come fast.
  private static let haste: UInt64 = 5_000_000_000

  /// Whether bytes are coming, so fast that they need the processors.
  var isBusy: Bool {
    if pulls.isEmpty { return false }
    let now = monotonicNanoseconds()
    return pulls.values.contains { now - $0.started < Self.haste }
  }

  /// Fetches nothing more, since the store stops.
  func refuseNew() { isStopped = true }

  /// Forgets stores that are gone.
  func forgetPeers() {
    for key in peers.keys where store.instances[key.address.instance] == nil { peers[key] = nil }
  }

  /// Ends what is under way; returns when no thread touches the room any more.
  func stop() {
    isStopped = true
    for pull in pulls.values { pull.transfer?.refuse() }
    for peer in peers.values { peer.stop() }
  }
}

/// Makes room in steps, and tells when it is there.
private struct RoomMaking: StoreTask {
  var creation: CopyCreation
  let then: (Result<[IncomingCopy], StoreError>) -> Void

  mutating func step(_ store: Store) -> Void? {
    do throws(StoreError) {
      guard let incoming = try creation.step(store) else { return nil }
      then(.success(incoming))
    } catch {
      then(.failure(error))
    }
    return ()
  }
}

extension StoreServer {
  /// Answers those who wait for a fetch: what has come stays for them.
  func finishPull(_ number: UInt64, _ result: Result<Void, StoreError>) {
    store.now = unixMilliseconds()
    guard let (pull, failure) = pulls.finish(number, result) else { return }
    for held in heldReplies.waiting(forPull: number) {
      if failure == nil, let client = held.connection.flatMap({ connections[$0]?.client }) {
        for original in pull.originals where store.admitsCopy(of: original, to: client) {
          store.grantCopy(of: original, to: client)
        }
      }
      // Who has joined what nobody else wanted looks again, and fetches for himself.
      settle(held, failure: pull.isPrefetch ? nil : failure)
    }
    pull.tellPrefetched(failure == nil)
  }
}

extension Pull {
  fileprivate var isPrefetch: Bool { prefetched != nil }

  fileprivate func tellPrefetched(_ isComplete: Bool) {
    let then = prefetched
    prefetched = nil
    then?(isComplete)
  }
}
