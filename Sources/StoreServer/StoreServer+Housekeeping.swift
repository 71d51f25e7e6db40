import Glibc
import HTTPEndpoint
import Logging
import MetadataBackend
import StoreCore
import Support

/// Work done at given times although nobody asks for it.
extension StoreServer {
  /// Nanoseconds between two rounds of housekeeping.
  private static let pause: UInt64 = 1_000_000_000

  /// Sets the timers that strike again and again.
  func startTimers() {
    loop.after(Self.pause, .housekeeping)
    loop.after(PageSupply.window, .idlePages)
  }

  /// Does the work of all timers that are due.
  func runTimers() {
    let now = monotonicNanoseconds()
    while let timer = loop.timers.takeDue(now) { fire(timer) }
  }

  private func fire(_ timer: EventLoop.Timer) {
    switch timer {
    case .housekeeping:
      runHousekeeping()
      loop.after(Self.pause, .housekeeping)
    case .idlePages:
      loop.after(PageSupply.window, .idlePages)
      pages.giveBackIdle()
    case .accepting: connections.resumeAccepting()
    case .passwords: checkNextPassword()
    case .lateSaving:
      isSavingLater = false
      volumes.saveLate()
    case .reuse: logReuse()
    case .copyWaits: checkCopyWaits()
    case .session(let id): endExpiredSession(id)
    case .deadline(let held):
      if case .answered = held.condition { unheardQuestions += 1 }
      settle(held, failure: held.deadline?.error)
    }
  }

  func runHousekeeping() {
    replaceLostSockets()
    store.now = unixMilliseconds()
    store.passTime()
    pulls.forgetPeers()
    if isServing { volumes.reportUses() }
    checkCopyWaits()
    #if DEBUG
      checkConsistency()
    #endif
  }

  func take(_ signal: CInt) {
    guard signal == SIGHUP else { return beginStop(signal == SIGTERM ? "SIGTERM" : "SIGINT") }
    log.info("SIGHUP: the sockets are looked at; passwords and tokens are read anew at each use anyway")
    replaceLostSockets()
  }

  // MARK: - Lost sockets

  /// The socket that clients of the whole store find, and those of sessions.
  private var lostListeners: [(token: UInt64, listener: Listener)] {
    listeners.filter { $0.value.kind == .ipc && $0.value.volume == nil && $0.value.isDisplaced }
      .map { (token: $0.key, listener: $0.value) }
  }

  /// Answer of `/readyz`.
  var readiness: HTTPEndpoint.Response {
    let reasons = lostListeners.compactMap { lost in
      lost.listener.path.map { "\($0) is not served: \(lostSockets[$0] ?? "somebody has removed it")\n" }
    }
    let others = [joining.map { $0.description }, backend.obstacle].compactMap { $0.map { "\($0)\n" } }
    let all = others + reasons.sorted()
    return all.isEmpty ? .ok : HTTPEndpoint.Response(status: 503, all.joined())
  }

  /// Makes sockets anew that somebody has removed, with their directories. Clients that are connected notice nothing.
  private func replaceLostSockets() {
    let lost = lostListeners
    if lost.isEmpty, lostSockets.isEmpty { return }
    var reasons: [String: String] = [:]
    for (token, old) in lost {
      guard let path = old.path else { continue }
      do throws(ProgramError) {
        let new = try Listener.unix(
          path, mode: configuration.socketMode, group: configuration.socketGroup, session: old.session)
        connections.removeListener(token)
        connections.add(new)
        log.warning("somebody has removed \(path): it is made anew")
      } catch {
        reasons[path] = error.description
        if lostSockets[path] != error.description {
          log.error("somebody has removed \(path), and it cannot be made anew: \(error.description)")
        }
      }
    }
    lostSockets = reasons
  }
}

#if DEBUG
  extension StoreServer {
    /// Blobs, objects and names of a store that is looked at as a whole now and then.
    private static let fewThings = 10_000

    /// Ends the process when the store contradicts itself; only while nothing is under way, and it is small.
    private func checkConsistency() {
      guard !hasWork, connections.values.allSatisfy({ $0.work == nil }) else { return }
      let things = store.sessions.values.reduce(0) { $0 + $1.blobCount + $1.objectCount + $1.nameCount }
      guard things <= Self.fewThings else { return }
      let found = store.inconsistencies()
      guard found.isEmpty else { fatalError("the store contradicts itself: \(found.joined(separator: "; "))") }
    }
  }
#endif

/// Clients whose views of deleted objects were given to others are named in the log.
extension StoreServer {
  /// Nanoseconds between two lines about it.
  private static let reuseInterval: UInt64 = 10_000_000_000

  /// Counts the memory that the store took back, and logs it: at once the first time, then in sums.
  func reportReuse() {
    let reuse = store.takeReuse()
    guard reuse.blobs > 0 else { return }
    reusedBlobs += UInt64(reuse.blobs)
    reusedBytes += reuse.bytes
    unloggedReuse.blobs += reuse.blobs
    unloggedReuse.bytes += reuse.bytes
    unloggedReuse.holders.formUnion(reuse.holders)
    if !isReuseReported { logReuse() }
  }

  /// Logs the memory that was used again since the last line, and is silent for a while.
  func logReuse() {
    isReuseReported = false
    guard unloggedReuse.blobs > 0 else { return }
    isReuseReported = true
    loop.after(Self.reuseInterval, .reuse)
    let holders = unloggedReuse.holders.sorted().prefix(3).joined(separator: ", ")
    log.warning(
      """
      the store is full: \(ByteSize(bytes: unloggedReuse.bytes)) of \(unloggedReuse.blobs) deleted blobs are used again \
      although clients may still look at them (\(holders)); --deleted_memory keep refuses new objects instead
      """)
    unloggedReuse = Store.Reuse()
  }
}
