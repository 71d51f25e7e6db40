import StoreProtocol

/// Finds what other stores have written last of a session, for a store that is to have copies before anybody reads.
public struct PrefetchPlan: StoreTask {
  public typealias Failure = Never

  /// Blobs of one plan; whoever has more reads the rest when it is wanted.
  private static let mostBlobs = 16384

  private let session: Session
  private var next: ObjectID? = ObjectID(0)
  private var found: [(time: UInt64, id: ObjectID)] = []
  private var isSorted = false
  private var blobs: [RemoteBlob] = []

  public init(of session: Session) { self.session = session }

  /// - Returns: the blobs without a copy here, those of the newest object first.
  public mutating func step(_ store: Store) -> [RemoteBlob]? {
    guard store.sessions[session.id] === session else { return [] }
    while let first = next {
      if store.work.isSpent { return nil }
      store.work.spend(Work.entry)
      guard let (id, record) = session.metadata.records.first(from: first) else {
        next = nil
        break
      }
      next = id.rawValue == .max ? nil : ObjectID(id.rawValue + 1)
      if !record.isTransient, store.isElsewhere(record), store.instances.state(of: record.instance) == .reachable {
        found.append((record.timestamp, id))
      }
    }
    if !isSorted {
      // The next one is the last.
      found.sort { ($0.time, $0.id) < ($1.time, $1.id) }
      store.work.spend(found.count * 16)
      isSorted = true
    }
    while let (_, id) = found.last, blobs.count < Self.mostBlobs {
      if store.work.isSpent { return nil }
      store.work.spend(Work.entry)
      found.removeLast()
      for link in session.metadata[id]?.links ?? [] {
        guard case .blob(let blob) = link.target, blob != .emptyBlob, store.isElsewhere(link.instance) else { continue }
        let original = RemoteBlob(instance: link.instance, id: blob)
        if store.copy(of: original, in: session) == nil { blobs.append(original) }
      }
    }
    return blobs
  }
}

extension Store {
  /// Whether copies of so many bytes fit without others having to go: of copies, or of what clients still map.
  public func hasSpareRoom(forCopies bytes: UInt64) -> Bool {
    let (copies, overflow) = cache.bytes.addingReportingOverflow(bytes)
    let (total, isTooMuch) = memory.used.addingReportingOverflow(bytes)
    return !overflow && copies <= cache.limit && !isTooMuch && total <= memory.limit - memory.limit / 16
  }
}
