import KubernetesObjects

/// The labels that nodes should have for the stores that run on them (`VolumeTopology.storeKey`). Time is an argument.
struct StoreLabels: Sendable {
  typealias Instant = ContinuousClock.Instant

  /// Time for which a store that is no longer ready keeps the label: its container is started again, most often, and
  /// pods that are placed meanwhile find it a moment later.
  static let grace: Duration = .seconds(30)

  /// A change to the labels of a node.
  struct Change: Sendable, Equatable {
    let node: String
    var added: [String] = []
    var removed: [String] = []
  }

  /// A label of a node.
  private struct Place: Hashable {
    let node: String
    let key: String
  }

  /// Places with a label whose store is not ready, and since when that is known.
  private var unready: [Place: Instant] = [:]

  /// The changes that make the labels of nodes agree with the stores.
  ///
  /// - Parameters:
  ///   - stores: pods of stores.
  ///   - nodes: all nodes, with their labels.
  /// - Returns: changes by node, and the time at which to look again although nothing has changed.
  mutating func changes(
    stores: [KubernetesObject], nodes: [KubernetesObject], now: Instant
  ) -> (changes: [Change], next: Instant?) {
    let (ready, waiting) = Self.places(of: stores)
    var stillUnready: [Place: Instant] = [:]
    var changes: [Change] = []
    for node in nodes where !node.isBeingDeleted {
      let present = node.labels.filter { $0.key.hasPrefix(VolumeTopology.storeKeyPrefix) }
      var change = Change(node: node.name)
      change.added = (ready[node.name] ?? []).filter { present[$0] != VolumeTopology.storeValue }.sorted()
      for key in present.keys.sorted() where !(ready[node.name] ?? []).contains(key) {
        let place = Place(node: node.name, key: key)
        let since = unready[place] ?? now
        if waiting.contains(place), now - since < Self.grace {
          stillUnready[place] = since
        } else {
          change.removed.append(key)
        }
      }
      if !change.added.isEmpty || !change.removed.isEmpty { changes.append(change) }
    }
    unready = stillUnready
    return (changes, stillUnready.values.min().map { $0 + Self.grace })
  }

  /// The labels of ready stores by node, and the places of stores that are not ready and have not gone.
  private static func places(of stores: [KubernetesObject]) -> (ready: [String: Set<String>], waiting: Set<Place>) {
    var ready: [String: Set<String>] = [:]
    var waiting: Set<Place> = []
    for store in stores {
      let pod = Pod(store)
      guard let node = pod.node, let key = key(of: store), !pod.hasEnded, !store.isBeingDeleted else { continue }
      if pod.isReady { ready[node, default: []].insert(key) } else { waiting.insert(Place(node: node, key: key)) }
    }
    return (ready, waiting)
  }

  /// The label of the cluster that a store belongs to.
  static func key(of store: KubernetesObject) -> String? {
    guard let namespace = store.namespace, let name = store.labels["app.vineyard.io/name"] else { return nil }
    return VolumeTopology.storeKey(namespace: namespace, name: name)
  }
}

extension StoreLabels.Change {
  /// The change as a merge patch (RFC 7386).
  var patch: Value {
    var labels: Value = [:]
    for key in added { labels[key] = .string(VolumeTopology.storeValue) }
    for key in removed { labels[key] = .null }
    return ["metadata": ["labels": labels]]
  }
}
