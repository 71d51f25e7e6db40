import EtcdProtocol

/// A change of a key.
public enum WatchEvent: Sendable, Equatable {
  case put(KeyValue)
  /// The revision is that of the deletion.
  case delete(key: [UInt8], revision: Int64)

  /// The key that was changed.
  public var key: [UInt8] {
    switch self {
    case .put(let pair): pair.key
    case .delete(let key, _): key
    }
  }

  /// When it happened.
  public var revision: Int64 {
    switch self {
    case .put(let pair): pair.modRevision
    case .delete(_, let revision): revision
    }
  }
}

/// What a watch tells.
public enum WatchUpdate: Sendable, Equatable {
  /// Etcd is there, for the first time or again; the revision is that of the cluster.
  case connected(revision: Int64)
  /// All that happened at one or several revisions, up to the one given.
  case events([WatchEvent], revision: Int64)
  /// Nothing happened up to this revision.
  case progress(revision: Int64)
  /// Etcd is not there for now. The watch goes on trying.
  case interrupted(EtcdError)
}

/// Where a watch stands, and what the next message means. Pure: messages in, updates out.
struct WatchPosition {
  /// The revision to go on from; 0 while it is not known.
  private(set) var next: Int64
  /// The cluster that it was told by first.
  private(set) var cluster: UInt64?
  /// Events of a message whose remaining parts are to come.
  private var fragments: [WatchEvent] = []
  private var id: Int64?

  init(from revision: Int64) { next = max(0, revision) }

  /// Prepares for messages of a new stream.
  mutating func restart() {
    fragments = []
    id = nil
  }

  /// Takes a message.
  ///
  /// - Throws: `EtcdError.compacted`, `.historyLost`, `.denied` when the watch cannot go on; `.malformed`, `.unavailable`
  ///   when it has to be made anew.
  mutating func take(_ message: Etcdserverpb_WatchResponse) throws(EtcdError) -> WatchUpdate? {
    try checkCluster(message.header)
    guard 0..<Int64.max ~= message.header.revision else { throw .malformed("revision \(message.header.revision)") }
    if message.canceled { throw Self.reason(message) }
    if message.created {
      guard id == nil else { throw .malformed("a watch was made twice") }
      id = message.watchID
      // What happens from now on is told; if it breaks before something does, it goes on from here.
      if next == 0 { next = message.header.revision + 1 }
      return .connected(revision: message.header.revision)
    }
    guard let id else { throw .malformed("a message before the watch was made") }
    // Answers to questions for a sign of life belong to no watch; older releases send them out of order.
    guard message.watchID == id else { return nil }
    for event in message.events { if let event = try read(event) { fragments.append(event) } }
    if message.fragment { return nil }
    guard let last = message.events.last?.kv.modRevision else {
      next = max(next, message.header.revision + 1)
      return .progress(revision: next - 1)
    }
    next = max(next, last + 1)
    defer { fragments = [] }
    return fragments.isEmpty ? nil : .events(fragments, revision: last)
  }

  /// Compares with what the cluster says when it is asked, before a watch goes on.
  ///
  /// - Throws: `EtcdError.historyLost` when it is behind what it has told.
  func check(revision: Int64) throws(EtcdError) {
    guard revision >= next - 1 else { throw .historyLost("it is at revision \(revision), was at \(next - 1)") }
  }

  private mutating func checkCluster(_ header: Etcdserverpb_ResponseHeader) throws(EtcdError) {
    guard header.clusterID != 0 else { return }
    if let cluster, cluster != header.clusterID { throw .historyLost("another cluster answers") }
    cluster = header.clusterID
  }

  /// - Returns: nil for what was told before.
  private func read(_ event: Etcdserverpb_Event) throws(EtcdError) -> WatchEvent? {
    guard event.hasKv, !event.kv.key.isEmpty, event.kv.modRevision > 0, event.kv.modRevision < .max else {
      throw .malformed("an event without a key")
    }
    guard event.kv.modRevision >= next else { return nil }
    switch event.type {
    case .put: return .put(KeyValue(event.kv))
    case .delete: return .delete(key: [UInt8](event.kv.key), revision: event.kv.modRevision)
    case .UNRECOGNIZED(let type): throw .malformed("an event of type \(type)")
    }
  }

  /// Why etcd has ended a watch.
  private static func reason(_ message: Etcdserverpb_WatchResponse) -> EtcdError {
    if message.compactRevision > 0 { return .compacted(message.compactRevision) }
    let reason = message.cancelReason
    if reason.contains("permission denied") || reason.contains("auth") { return .denied(reason) }
    return .unavailable(reason.isEmpty ? "etcd ended the watch" : reason)
  }
}
