import Logging
import StoreCore
import StoreProtocol

/// Fetches of what other stores have written last of a volume, before anybody reads it; nobody waits for them.
///
/// One fetch at a time for each volume, the newest objects first. They end as soon as there is no room that nobody else
/// wants: nothing goes for them.
final class PrefetchHost {
  /// Blobs of one fetch: few, so that a client who wants one of them does not wait long.
  private static let batch = 16

  private let store: Store
  private let pulls: PullHost
  private let log: Logger
  private struct Rest {
    /// What is still to be fetched, the next one last.
    var blobs: [RemoteBlob]
    var batch = PrefetchHost.batch
  }

  /// What is still to be fetched, by session.
  private var waiting: [UInt64: Rest] = [:]
  /// Sessions whose objects are being looked through.
  private var planned: Set<UInt64> = []

  init(_ store: Store, _ pulls: PullHost, log: Logger) {
    self.store = store
    self.pulls = pulls
    self.log = log
  }

  /// Begins to fetch, unless that is under way.
  func begin(_ volume: Volume) {
    let session = volume.session
    guard volume.isShared, session !== store.root, waiting[session.id] == nil, planned.insert(session.id).inserted
    else {
      return
    }
    store.reclaimLater(
      Planning(plan: PrefetchPlan(of: session)) { [weak self] blobs in
        guard let self else { return }
        planned.remove(session.id)
        if blobs.isEmpty { return }
        waiting[session.id] = Rest(blobs: blobs.reversed())
        fetchNext(of: session)
      })
  }

  private func fetchNext(of session: Session) {
    guard store.sessions[session.id] === session, var rest = waiting[session.id] else {
      waiting[session.id] = nil
      return
    }
    while let first = rest.blobs.last {
      var missing: [RemoteBlob] = []
      while let blob = rest.blobs.last, blob.instance == first.instance, missing.count < rest.batch {
        rest.blobs.removeLast()
        if store.copy(of: blob, in: session) == nil { missing.append(blob) }
      }
      waiting[session.id] = rest
      if missing.isEmpty { continue }
      let isBegun = pulls.prefetch(missing, for: session) { [weak self] isComplete in
        self?.goOn(session, missing, isComplete)
      }
      guard !isBegun else { return }
    }
    waiting[session.id] = nil
  }

  private func goOn(_ session: Session, _ fetched: [RemoteBlob], _ isComplete: Bool) {
    if !isComplete {
      guard fetched.count > 1 else {
        waiting[session.id] = nil
        return
      }
      // There may be room for the newest of them.
      waiting[session.id]?.blobs += fetched.reversed()
      waiting[session.id]?.batch = 1
    }
    fetchNext(of: session)
  }
}

/// Looks objects through in steps, and tells what is to be fetched.
private struct Planning: StoreTask {
  var plan: PrefetchPlan
  let then: ([RemoteBlob]) -> Void

  mutating func step(_ store: Store) -> Void? {
    guard let blobs = plan.step(store) else { return nil }
    then(blobs)
    return ()
  }
}
