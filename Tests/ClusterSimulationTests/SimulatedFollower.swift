import EtcdClient

@testable import EtcdMetadata

/// Way of what others write from etcd to a store, as ``ChangeFollower`` takes it: events in their order, everything
/// again after a gap.
struct SimulatedFollower {
  /// Everything up to here was told.
  private(set) var position: Int64
  private var hasGap = false

  init(from position: Int64) { self.position = position }

  /// Loses its place.
  mutating func lose() { hasGap = true }

  /// Tells of the next few revisions.
  ///
  /// - Returns: false when there is nothing to tell.
  mutating func step(
    _ etcd: ModelEtcd, _ layout: KeyLayout, _ queues: BackendQueues, atMost limit: Int
  ) -> Bool {
    if hasGap {
      let contents = EtcdContents.read(etcd, layout)
      queues.report(.contents(contents, isContinued: true))
      (position, hasGap) = (contents.revision, false)
      return true
    }
    guard let news = try? etcd.events(after: position, in: .prefix(layout.everything)) else {
      hasGap = true
      return true
    }
    let told = news.prefix(limit)
    guard let last = told.last else {
      guard position < etcd.revision else { return false }
      position = etcd.revision
      queues.report(.events([], revision: position))
      return true
    }
    position = last.revision
    queues.report(.events(told.flatMap(\.events), revision: position))
    return true
  }
}

extension EtcdContents {
  /// What a store reads when it comes, and after a gap.
  static func read(_ etcd: ModelEtcd, _ layout: KeyLayout) -> EtcdContents {
    let pairs = etcd.read(.prefix(layout.everything)).filter { !layout.isSignature($0.key) }
    return EtcdContents(pairs: pairs, revision: etcd.revision)
  }
}
