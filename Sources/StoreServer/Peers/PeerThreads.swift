import DequeModule
import Dispatch
import Glibc
import StoreClient
import StoreProtocol
import Support
import Synchronization

/// Threads and connections for one other store: started when there is work for them, ended when there has been none
/// for a while. A store that is slow or dead holds up nobody who asks another.
final class PeerThreads: Sendable {
  typealias Job = @Sendable () -> Void

  private struct State {
    var waiting: Deque<Job> = []
    var count = 0
    var idle = 0
    var isStopping = false
    /// Connections that nobody uses, the last used last.
    var links: [PeerLink] = []
    /// Connections in use, kept so that their descriptors are nobody else's.
    var used: [ObjectIdentifier: PeerLink] = [:]
  }

  /// Threads, and so connections, at a time.
  static let limit = 4
  /// Seconds for which a thread waits for work.
  private static let idleSeconds = 20

  let address: PeerAddress
  private let session: UInt64
  /// The instance id of this store.
  private let caller: UInt64
  private let access: PeerAccess
  private let state = Mutex(State())
  private let available = DispatchSemaphore(value: 0)
  private let ended = DispatchGroup()

  /// - Parameter caller: the instance id of this store.
  init(_ address: PeerAddress, from caller: UInt64, session: UInt64, _ access: PeerAccess) {
    self.address = address
    self.caller = caller
    self.session = session
    self.access = access
  }

  // MARK: - Work

  /// Hands over a job.
  ///
  /// - Returns: false when no thread can be had for it.
  func submit(_ job: @escaping Job) -> Bool {
    let (isTaken, isNew) = state.withLock { state in
      guard !state.isStopping else { return (false, false) }
      state.waiting.append(job)
      guard state.waiting.count > state.idle, state.count < Self.limit else { return (true, false) }
      state.count += 1
      return (true, true)
    }
    guard isTaken else { return false }
    if isNew {
      ended.enter()
      if !startThread(named: "vineyard-peer", { self.run() }) {
        ended.leave()
        let isLost = state.withLock { state in
          state.count -= 1
          if state.count == 0 { state.waiting.removeAll() }
          return state.count == 0
        }
        if isLost { return false }
      }
    }
    available.signal()
    return true
  }

  private func run() {
    defer { ended.leave() }
    while let job = next() { job() }
  }

  private func next() -> Job? {
    while true {
      state.withLock { $0.idle += 1 }
      let result = available.wait(timeout: .now() + .seconds(Self.idleSeconds))
      let (job, isOver) = state.withLock { state -> (Job?, Bool) in
        state.idle -= 1
        if let job = state.waiting.popFirst() { return (job, false) }
        let isOver = state.isStopping || result == .timedOut
        if isOver {
          state.count -= 1
          // What has been of no use for so long may be closed at the other end.
          if state.count == 0 { state.links.removeAll() }
        }
        return (nil, isOver)
      }
      if let job { return job }
      if isOver { return nil }
    }
  }

  /// Ends connections and threads; returns when none of them touches the arena any more.
  func stop() {
    let count = state.withLock { state in
      state.isStopping = true
      state.waiting.removeAll()
      state.links.removeAll()
      for link in state.used.values { shutdown(link.client.file, CInt(SHUT_RDWR)) }
      return state.count
    }
    for _ in 0..<count { available.signal() }
    // Looking up a name cannot be interrupted; nothing is written into the arena by it.
    _ = ended.wait(timeout: .now() + .seconds(5))
  }

  // MARK: - Connections

  /// A connection, one that was used before if there is one.
  ///
  /// - Throws: `StoreClientError`, also when the store stops.
  func connect(anew: Bool = false) throws(StoreClientError) -> (link: PeerLink, isUsed: Bool) {
    if !anew, let link = state.withLock({ $0.links.popLast() }) {
      try use(link)
      return (link, true)
    }
    let link = try PeerLink(address, from: caller, session: session, access)
    try use(link)
    return (link, false)
  }

  private func use(_ link: PeerLink) throws(StoreClientError) {
    let isStopping = state.withLock { state in
      state.used[ObjectIdentifier(link.client)] = link
      return state.isStopping
    }
    guard isStopping else { return }
    drop(link)
    throw .refused(StoreError(.alreadyStopped, "the daemon is stopping"))
  }

  /// Keeps a connection for the next one who needs one.
  func giveBack(_ link: PeerLink) {
    state.withLock { state in
      state.used[ObjectIdentifier(link.client)] = nil
      if !state.isStopping { state.links.append(link) }
    }
  }

  /// Ends a connection.
  func drop(_ link: PeerLink) { state.withLock { $0.used[ObjectIdentifier(link.client)] = nil } }
}
