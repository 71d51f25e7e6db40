import EtcdClient
import JSON
import StoreProtocol

/// Keys that a store follows together, with one watch: what happens to them is told in its order. Of two of these the
/// one may be told later than the other.
enum WatchedKeys: Hashable, Sendable {
  /// What stores of ours tell each other of themselves and of volumes.
  case cluster
  /// Objects and names of a session; with the root those of instances.
  case session(UInt64)

  static let root = Self.session(0)
}

extension KeyLayout {
  /// The beginning of keys that are followed together.
  func beginning(of keys: WatchedKeys) -> [UInt8] {
    switch keys {
    case .cluster: cluster
    case .session(let id): everything(of: id)
    }
  }

  /// All keys of a session.
  func everything(of session: UInt64) -> [UInt8] {
    Array("\(prefix)/\(HexText.string(prefix: UInt8(ascii: "S"), session))/".utf8)
  }
}

/// All keys that are followed together, at one revision, but for signatures.
public struct EtcdContents: Sendable {
  let pairs: [KeyValue]
  let revision: Int64

  /// - Parameter revision: at which; 0 for now.
  /// - Throws: `EtcdError`.
  static func read(
    _ client: EtcdClient, _ layout: KeyLayout, _ keys: WatchedKeys, at revision: Int64 = 0
  ) async throws(EtcdError) -> EtcdContents {
    var pairs: [KeyValue] = []
    var revision = revision
    var pages = client.pages(of: .prefix(layout.beginning(of: keys)), at: revision).makeAsyncIterator()
    while let page = try await pages.next() {
      pairs += page.pairs.lazy.filter { !layout.isSignature($0.key) }
      revision = page.revision
      // There are as many as objects, and etcd counts what is left for each page.
      if let last = page.pairs.last, let signatures = layout.signatures(with: last.key) { pages.skip(signatures) }
    }
    return EtcdContents(pairs: pairs, revision: revision)
  }
}

/// What a store reads when it joins others, all at one revision: the root, what they tell each other, and the sessions
/// of volumes that were open at its place before.
struct FirstContents: Sendable {
  let revision: Int64
  private(set) var pairs: [WatchedKeys: [KeyValue]] = [:]

  /// - Parameter place: where the store is, as it tells others.
  /// - Throws: `EtcdError`; `.compacted` when it took too long.
  static func read(_ client: EtcdClient, _ layout: KeyLayout, at place: String) async throws(EtcdError) -> Self {
    let root = try await EtcdContents.read(client, layout, .root)
    let cluster = try await EtcdContents.read(client, layout, .cluster, at: root.revision)
    var contents = Self(root, cluster)
    for session in contents.sessions(at: place, layout) {
      let keys = WatchedKeys.session(session)
      contents.pairs[keys] = try await EtcdContents.read(client, layout, keys, at: root.revision).pairs
    }
    return contents
  }

  init(_ root: EtcdContents, _ cluster: EtcdContents) {
    revision = root.revision
    pairs = [.root: root.pairs, .cluster: cluster.pairs]
  }

  /// The sessions of volumes that a place has.
  private func sessions(at place: String, _ layout: KeyLayout) -> Set<UInt64> {
    let records = (pairs[.cluster] ?? []).lazy.compactMap { pair -> PlaceRecord? in
      guard case .open? = layout.parseVolume(pair.key) else { return nil }
      return PlaceRecord(pair.value)
    }
    return Set(records.filter { $0.place == place }.map(\.session)).subtracting([0])
  }

  /// Takes what was there of some keys; nobody keeps it.
  ///
  /// - Returns: nil when they were not read.
  mutating func take(_ keys: WatchedKeys) -> EtcdContents? {
    pairs.removeValue(forKey: keys).map { EtcdContents(pairs: $0, revision: revision) }
  }
}
