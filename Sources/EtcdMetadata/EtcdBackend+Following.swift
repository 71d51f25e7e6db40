import EtcdClient
import MetadataBackend
import StoreCore
import StoreProtocol

/// What is followed: what stores tell each other, the root, and sessions of volumes that are open here.
extension EtcdBackend {
  /// Takes what was there when the store joined, but for sessions that it has not opened yet, and follows it.
  func takeFirst(_ contents: inout FirstContents) {
    if let root = contents.take(.root) { beginToFollow(store.root, root) }
    if let cluster = contents.take(.cluster) { takeCluster(cluster, isContinued: true) }
    queues.follow(.cluster, after: contents.revision)
  }

  // MARK: - Sessions of volumes

  /// Takes what was there of a session when the store joined, and follows it.
  ///
  /// - Returns: false when that was not read, or the store serves already.
  func takeInitial(_ session: Session) -> Bool {
    guard let contents = initial?.take(.session(session.id)) else { return false }
    beginToFollow(session, contents)
    return true
  }

  /// Whether the store does not serve yet.
  var isStarting: Bool { initial != nil }

  /// The store serves from now on.
  func endStart() { initial = nil }

  /// Takes what was read of a session that was opened, and follows what happens there after that.
  func beginToFollow(_ session: Session, _ contents: EtcdContents) {
    followed[session.id] = 0
    take(contents, of: session.id, isContinued: true)
    queues.follow(.session(session.id), after: contents.revision)
  }

  /// Ends to follow a session that the store has no more.
  func endToFollow(_ session: UInt64) {
    guard session != store.root.id, followed.removeValue(forKey: session) != nil else { return }
    queues.follow(.session(session), after: nil)
    fields.removeAll(of: session)
    late.removeAll { $0.place.session == session }
  }
}
