import StoreCore

/// Nodes that are gone, with what their stores had of volumes.
extension EtcdVolumes {
  /// Records of places without a store, by node.
  private var absentPlaces: [String: [(id: String, session: UInt64, instance: UInt64)]] {
    var found: [String: [(id: String, session: UInt64, instance: UInt64)]] = [:]
    for (id, records) in places {
      for (instance, record) in records where instance != own && store.instances[instance] == nil {
        let node = String(record.place.prefix { $0 != " " })
        found[node, default: []].append((id, record.session, instance))
      }
    }
    for (_, record) in store.instances.ascending { found[record.nodename] = nil }
    return found
  }

  var absentNodes: [String] { absentPlaces.keys.sorted() }

  func forget(node: String) -> Bool {
    guard let entries = absentPlaces[node] else { return false }
    for (id, ofVolume) in Dictionary(grouping: entries, by: \.id) {
      for (session, ofSession) in Dictionary(grouping: ofVolume, by: \.session) {
        removePlaces(of: id, session, Set(ofSession.map(\.instance)))
      }
    }
    return true
  }
}
