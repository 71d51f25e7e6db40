import EtcdClient

@testable import EtcdMetadata

/// Way of what others write from etcd to a store, as ``ChangeFollower`` takes it: of keys that are followed together in
/// their order, all of them again after a gap. One of these may lag behind another.
struct SimulatedFollower {
  private static let cluster = WatchedKeys.cluster

  /// Everything up to here was told.
  private var positions: [WatchedKeys: Int64]
  private var gaps: Set<WatchedKeys> = []

  init(from position: Int64) { positions = [Self.cluster: position] }

  /// Loses its place.
  mutating func lose() { gaps.formUnion(positions.keys) }

  /// Tells of the next few revisions.
  ///
  /// - Parameter choice: which of the keys that are followed; those with something to tell for nil.
  /// - Returns: false when there is nothing to tell.
  mutating func step(
    _ etcd: ModelEtcd, _ layout: KeyLayout, _ backend: EtcdBackend, choice: Int? = nil, atMost limit: Int
  ) -> Bool {
    let sessions = backend.followed.map { (WatchedKeys.session($0.key), $0.value) }
    positions = positions.filter { position in
      position.key == Self.cluster || sessions.contains { $0.0 == position.key }
    }
    for (keys, revision) in sessions where positions[keys] == nil { positions[keys] = revision }
    gaps.formIntersection(positions.keys)
    let all = positions.keys.sorted { layout.beginning(of: $0).lexicographicallyPrecedes(layout.beginning(of: $1)) }
    guard let choice else {
      return all.contains { step(etcd, layout, backend.queues, $0, atMost: limit) }
    }
    return step(etcd, layout, backend.queues, all[choice % all.count], atMost: limit)
  }

  private mutating func step(
    _ etcd: ModelEtcd, _ layout: KeyLayout, _ queues: BackendQueues, _ keys: WatchedKeys, atMost limit: Int
  ) -> Bool {
    let position = positions[keys] ?? 0
    if gaps.remove(keys) != nil {
      let contents = EtcdContents.read(etcd, layout, keys)
      queues.report(.contents(contents, of: keys, isContinued: true))
      positions[keys] = contents.revision
      return true
    }
    guard let news = try? etcd.events(after: position, in: .prefix(layout.beginning(of: keys))) else {
      gaps.insert(keys)
      return true
    }
    let told = news.prefix(limit)
    guard let last = told.last else { return false }
    positions[keys] = last.revision
    queues.report(.events(told.flatMap(\.events), of: keys, revision: last.revision))
    return true
  }
}

extension EtcdContents {
  /// What a store reads when it begins to follow keys, and after a gap.
  static func read(_ etcd: ModelEtcd, _ layout: KeyLayout, _ keys: WatchedKeys) -> EtcdContents {
    let pairs = etcd.read(.prefix(layout.beginning(of: keys))).filter { !layout.isSignature($0.key) }
    return EtcdContents(pairs: pairs, revision: etcd.revision)
  }
}
