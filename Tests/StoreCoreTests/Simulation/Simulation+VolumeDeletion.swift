import StoreCore
import StoreProtocol

/// What becomes of volumes, in the model.
extension Simulation {
  func deleteVolume(_ volume: ModelVolume) throws(SimulationFailure) {
    begin("delete volume \(volume.volume.id)")
    var rootBefore = (blobs: Set(root.blobs.keys), objects: Set(root.objects.keys))
    let isReserved = (blobs: reserved(in: root, blobs: true), objects: reserved(in: root, blobs: false))
    store.deleteVolume(volume.volume.id)
    if !volume.isCluster { forgetHistory(of: volume.session) }
    volumes.removeAll { $0 === volume }
    let retains = volume.volume.settings.onDelete == .retain
    let ends = configuration.separatesTenants && !volume.isCluster
    for client in clients.filter({ $0.volume === volume }).sorted(by: { $0.number < $1.number }) {
      retire(client)
      if ends, !retains { client.endAll() }
    }
    if ends { closedTenants.insert(volume.session.session.id) }
    listExtents()
    if volume.isCluster {
      if retains { forgetHistory(of: volume) } else { modelClear(volume, by: nil) }
      for blob in root.blobs.values where blob.payer === volume { blob.payer = nil }
      for (id, object) in root.objects where object.owner === volume { root.objects[id]?.owner = nil }
    } else {
      if retains {
        rootBefore.blobs.formUnion(isReserved.blobs)
        rootBefore.objects.formUnion(isReserved.objects)
        try moveToRoot(volume.session, rootBefore)
      }
      forget(volume.session)
      note(.other, in: volume.session, isPublished: true)
    }
  }

  /// A client keeps its view of what it was given, and nothing else.
  private func retire(_ client: SimulatedClient) {
    for id in client.session.sortedBlobs where client.session.blobs[id]?.writer === client {
      remove(id, in: client.session, by: nil)
    }
    endActivities(client)
    clients.removeAll { $0 === client }
    leaving.append(client)
  }

  func disconnectLeaving() {
    guard let client = leaving.first else { return }
    begin("client \(client.number) of a deleted volume goes")
    leaving.removeFirst()
    abandonRetired(by: client)
    store.disconnect(client.handle)
    client.endAll()
    listExtents()
  }

  /// Deletes what came through a volume, but what others' objects need, until nothing more is needed.
  func modelClear(_ volume: ModelVolume, by client: SimulatedClient?) {
    let session = volume.session
    guard volume.isCluster else { return modelClear(session, by: client) }
    forgetHistory(of: volume)
    let objects = session.sortedObjects.filter { session.objects[$0]?.owner === volume }
    let blobs = session.sortedBlobs.filter { session.blobs[$0]?.payer === volume }
    var doomed = Set(objects + blobs)
    while let needed = doomed.first(where: { id in session.dependents(of: id).contains { !doomed.contains($0) } }) {
      doomed.remove(needed)
    }
    for id in objects where doomed.contains(id) {
      takeOut(id, in: session)
      session.streams[id] = nil
    }
    for id in blobs where doomed.contains(id) && isCleared(id, in: session, by: client) {
      remove(id, in: session, by: client)
    }
    if let client { endStaleGrants(of: client) }
  }

  /// What has an id that is taken in the root session arrives there under a new one, in the order of the old ids.
  private func moveToRoot(
    _ session: ModelSession, _ before: (blobs: Set<ObjectID>, objects: Set<ObjectID>)
  ) throws(SimulationFailure) {
    var newIDs: [ObjectID: ObjectID] = [:]
    let takenBlobs = session.sortedBlobs.filter { before.blobs.contains($0) }
    let takenObjects = session.sortedObjects.filter { before.objects.contains($0) }
    let blobs = Set(store.liveRanges(in: store.root).map(\.id)).subtracting(before.blobs).subtracting(
      session.blobs.keys)
    let listed = try expect(nil) { try store.listObjects(.wildcard("t::*"), limit: .max, in: store.root) } ?? []
    let objects = Set(listed).subtracting(before.objects).subtracting(session.objects.keys)
    try check(
      blobs.count == takenBlobs.count && objects.count == takenObjects.count,
      "new ids: \(blobs.sorted()) for \(takenBlobs), \(objects.sorted()) for \(takenObjects)")
    for (old, new) in zip(takenBlobs + takenObjects, blobs.sorted() + objects.sorted()) { newIDs[old] = new }
    for id in session.sortedBlobs {
      guard let blob = session.blobs.removeValue(forKey: id) else { continue }
      blob.payer = nil
      blob.sealer = nil
      root.blobs[newIDs[id] ?? id] = blob
      root.known.append(newIDs[id] ?? id)
    }
    for id in session.sortedObjects {
      guard var object = session.objects[id] else { continue }
      object.members = object.members.map { newIDs[$0] ?? $0 }
      object.owner = nil
      put(newIDs[id] ?? id, object, in: root)
      root.known.append(newIDs[id] ?? id)
    }
    for (name, id) in session.names {
      note(.name(name, newIDs[id] ?? id), in: root, isPublished: true)
      root.names.removeAll { isSame($0.name, name) }
      root.names.append((name, newIDs[id] ?? id))
    }
  }
}
