import SeededRandom
import StoreCore
import StoreProtocol

/// Volumes that are opened, changed and deleted while clients use them.
extension Simulation {
  private static let ids = ["a", "b", "c"]

  func volumeStep() throws(SimulationFailure) {
    let id = random.pick(Self.ids) ?? "a"
    switch random.number(below: 12) {
    case 0...3: try openVolume(id)
    case 4: try resizeVolume(id)
    case 5, 6: if let volume = find(id, in: volumes) { try deleteVolume(volume) }
    case 7, 8: try createSnapshot(id)
    case 9: if let snapshot = find(id, in: snapshots) { deleteSnapshot(snapshot) }
    default: connectToVolume()
    }
  }

  private func find(_ id: String, in volumes: [ModelVolume]) -> ModelVolume? { volumes.first { $0.volume.id == id } }

  /// Bytes of the blobs that a volume pays for.
  func used(by volume: ModelVolume) -> UInt64 {
    (Array(volume.session.blobs.values) + retiredBlobs).reduce(0) { $1.payer === volume ? $0 + $1.charged : $0 }
  }

  /// Bytes that a new promise may be of.
  private func room(without excluded: ModelVolume? = nil) -> UInt64 {
    let quotas = volumes.filter { $0 !== excluded && $0.volume.settings.quota > 0 }
    let promised = quotas.reduce(0) { $0 + $1.limit - used(by: $1) }
    return configuration.limit - min(configuration.limit, used + promised)
  }

  func connectToVolume() {
    guard let volume = random.pick(volumes) else { return }
    begin("connect to volume \(volume.volume.id)")
    let handle = store.connect(to: volume.volume, label: "a client", isReadOnly: false)
    clients.append(SimulatedClient(newClientNumber(), handle, volume.session, of: volume))
  }

  func check(_ volume: ModelVolume) throws(SimulationFailure) {
    let real = volume.volume
    try check(real.usage.used == used(by: volume), "\(real.id) is charged \(real.usage.used) bytes")
    let objects = volume.session.objects.filter { !volume.isCluster || $0.value.owner === volume }
    try check(real.objectCount == objects.count, "\(real.id) has \(real.objectCount) objects")
    let names = volume.session.names.count { objects[$0.id] != nil }
    try check(real.nameCount == names, "\(real.id) has \(real.nameCount) names")
    let connections = clients.count { $0.volume === volume }
    try check(real.connections == connections, "\(real.id) has \(real.connections) clients")
  }

  // MARK: - Opening and changing

  private func openVolume(_ id: String) throws(SimulationFailure) {
    var settings = Volume.Settings(id: id)
    settings.scope = random.oneIn(3) ? .cluster : .volume
    settings.onDelete = random.oneIn(3) ? .retain : .delete
    settings.quota = random.oneIn(2) ? 0 : UInt64(random.number(below: Int(configuration.limit)))
    if random.oneIn(3) {
      settings.source = Volume.Source(kind: random.oneIn(2) ? .volume : .snapshot, id: random.pick(Self.ids) ?? "a")
    }
    // The model does not follow what goes unasked for.
    settings.overwrite = .keep
    settings.deletedMemory = random.oneIn(3) ? .reuse : nil
    begin("open volume \(settings)")
    let present = find(id, in: volumes)
    let source = settings.source.flatMap { find($0.id, in: $0.kind == .volume ? volumes : snapshots) }
    var code: StatusCode?
    if let present {
      code = present.volume.settings == settings ? nil : .objectExists
    } else if settings.quota > room() {
      code = .notEnoughMemory
    } else if settings.source != nil {
      code = cloningRefusal(settings, source)
    }
    guard source?.volume.isBeingFilled != true else { return }
    let opened = try expect(code, copying: source) { try store.openVolume(settings).volume }
    guard let opened, present == nil else { return }
    let volume = add(opened, to: &volumes)
    guard let source else { return }
    try copy(source, to: volume)
    try dropUnfilled()
  }

  private func cloningRefusal(_ settings: Volume.Settings, _ source: ModelVolume?) -> StatusCode? {
    guard let source else { return .objectNotExists }
    if source.isCluster || settings.scope == .cluster { return .notImplemented }
    let retired = retiredBlobs.filter { $0.payer === source }.reduce(0) { $0 + $1.charged }
    let size = source.session.blobs.values.reduce(retired) { $1.isSealed ? $0 + $1.charged : $0 }
    return settings.quota > 0 && size > settings.quota ? .notEnoughMemory : nil
  }

  private func add(_ volume: Volume, to list: inout [ModelVolume]) -> ModelVolume {
    if volume.settings.scope == .cluster {
      list.append(ModelVolume(volume, root))
    } else {
      let session = ModelSession(volume.session)
      list.append(ModelVolume(volume, session))
      session.tenant = list.last
      sessions.append(session)
    }
    return list[list.count - 1]
  }

  private func copy(_ source: ModelVolume, to target: ModelVolume) throws(SimulationFailure) {
    target.session.objects = source.session.objects
    target.session.names = source.session.names
    note(.other, in: target.session, isPublished: true)
    target.session.known = source.session.known
    for id in source.session.sortedBlobs {
      guard let blob = source.session.blobs[id], blob.isSealed else { continue }
      guard let extent = try sharedOrCopied(blob, id, in: target) else { continue }
      let copy = ModelBlob(extent, size: blob.size, writer: nil)
      copy.isSealed = true
      copy.charged = extent === blob.extent ? blob.charged : blob.size
      copy.payer = target
      target.session.blobs[id] = copy
    }
    noteFilled(target)
  }

  private func resizeVolume(_ id: String) throws(SimulationFailure) {
    let quota = random.oneIn(4) ? 0 : UInt64(random.number(below: Int(configuration.limit)))
    begin("resize volume \(id) to \(quota)")
    var code: StatusCode?
    if let volume = find(id, in: volumes) {
      let old = volume.volume.settings.quota
      let used = used(by: volume)
      let isMore = quota > 0 && (old == 0 || quota > old)
      if quota > 0, quota < used || isMore && quota - used > room(without: volume) { code = .notEnoughMemory }
    } else {
      code = .objectNotExists
    }
    _ = try expect(code) { try store.resizeVolume(id, quota: quota).settings.quota }
  }

  // MARK: - Snapshots

  private func createSnapshot(_ id: String) throws(SimulationFailure) {
    let sourceID = random.pick(Self.ids) ?? "a"
    begin("snapshot \(id) of \(sourceID)")
    let present = find(id, in: snapshots)
    let source = find(sourceID, in: volumes)
    var code: StatusCode?
    if let present {
      code = present.volume.settings.source?.id == sourceID ? nil : .objectExists
    } else if let source {
      code = source.isCluster ? .notImplemented : nil
    } else {
      code = .objectNotExists
    }
    guard source?.volume.isBeingFilled != true else { return }
    let created = try expect(code, copying: source) { try store.createSnapshot(id, of: sourceID, attributes: [:]) }
    guard let created, present == nil, let source else { return }
    let snapshot = add(created, to: &snapshots)
    try copy(source, to: snapshot)
    try dropUnfilled()
  }

  func deleteSnapshot(_ snapshot: ModelVolume) {
    begin("delete snapshot \(snapshot.volume.id)")
    store.deleteSnapshot(snapshot.volume.id)
    closedTenants.insert(snapshot.session.session.id)
    snapshots.removeAll { $0 === snapshot }
    forget(snapshot.session)
    note(.other, in: snapshot.session, isPublished: true)
  }
}
