import StoreProtocol

extension Store {
  /// Contradictions between usages and the blobs, objects and names that count in them.
  func usageInconsistencies() -> [String] {
    var found: [String] = []
    var bytes: [ObjectIdentifier: UInt64] = [:]
    var blobs: [ObjectIdentifier: Set<ObjectID>] = [:]
    var objects: [ObjectIdentifier: Set<ObjectID>] = [:]
    var names: [ObjectIdentifier: Int] = [:]
    for session in sessions.values {
      for (id, blob) in session.blobs {
        guard let usage = blob.usage.map({ ObjectIdentifier($0) }) else {
          if session.volume != nil { found.append("nobody pays for \(id)") }
          continue
        }
        bytes[usage, default: 0] += blob.charged
        blobs[usage, default: []].insert(id)
      }
      for (id, record) in session.metadata.records {
        if let owner = record.owner { objects[ObjectIdentifier(owner), default: []].insert(id) }
      }
      for (id, _) in session.names.all {
        if let owner = session.metadata[id]?.owner { names[ObjectIdentifier(owner), default: 0] += 1 }
      }
    }
    for (id, blob) in log.retiredBlobs {
      guard let usage = blob.usage.map({ ObjectIdentifier($0) }) else { continue }
      bytes[usage, default: 0] += blob.charged
      blobs[usage, default: []].insert(id)
    }
    for volume in Array(volumes.values) + Array(snapshots.values) {
      let usage = volume.usage
      let key = ObjectIdentifier(usage)
      let used = bytes.removeValue(forKey: key) ?? 0
      if usage.used != used { found.append("\(volume.id) is charged \(usage.used) bytes, its blobs have \(used)") }
      if usage.used > usage.limit { found.append("\(volume.id) has \(usage.used) bytes of \(usage.limit)") }
      let listed = usage.sharesRootSession ? blobs[key] ?? [] : []
      if Set(usage.blobs) != listed { found.append("\(volume.id) lists other blobs than point to it") }
      let owned = objects.removeValue(forKey: key) ?? []
      if Set(usage.objects) != owned { found.append("\(volume.id) lists other objects than point to it") }
      if usage.nameCount != names[key] ?? 0 {
        found.append("\(volume.id) counts \(usage.nameCount) names, its objects have \(names[key] ?? 0)")
      }
      found += clientInconsistencies(volume)
    }
    if !bytes.isEmpty || !objects.isEmpty { found.append("somebody who is gone has blobs or objects") }
    return found.sorted()
  }

  private func clientInconsistencies(_ volume: Volume) -> [String] {
    let connected = clients.values.count { $0.volume === volume }
    if volume.connections == connected { return [] }
    return ["\(volume.id) counts \(volume.connections) clients, \(connected) are connected"]
  }
}
