import StoreProtocol

extension Store {
  /// Deletes a volume and does with its contents what it was opened for.
  ///
  /// Its clients stay connected but own nothing any more; the server shows them out.
  /// - Returns: the volume there was, if any.
  @discardableResult
  public func deleteVolume(_ id: String) -> Volume? {
    guard let volume = volumes.removeValue(forKey: id) else { return nil }
    firstWrites.removeAll { $0 === volume }
    retireClients(of: volume)
    switch (volume.settings.scope, volume.settings.onDelete) {
    case (.volume, .delete): clear(volume.session)
    case (.volume, .retain): moveContents(of: volume.session, to: root)
    case (.cluster, .delete):
      deleteBelongings(of: volume)
      disownBelongings(of: volume)
    case (.cluster, .retain): disownBelongings(of: volume)
    }
    if volume.settings.scope == .volume { remove(volume.session) }
    return volume
  }

  func retireClients(of volume: Volume) {
    for client in clients.values.filter({ $0.volume === volume }).sorted(by: { $0.id < $1.id }) { retire(client) }
  }

  /// Forgets the emptied session of a volume.
  func remove(_ session: Session) {
    session.streams.removeAll()
    session.volume = nil
    sessions[session.id] = nil
    memory.residency.forgetOwner(session.id)
  }

  /// Deletes everything that was written through a volume, and nothing else.
  public func clear(_ volume: Volume, by connection: Connection? = nil) {
    if volume.settings.scope == .cluster {
      deleteBelongings(of: volume, by: connection)
    } else {
      clear(volume.session, by: connection)
    }
  }

  // MARK: - Belongings among those of others

  /// Deletes the objects and blobs of a volume that nobody else's objects have as members.
  private func deleteBelongings(of volume: Volume, by remover: Connection? = nil) {
    let session = volume.session
    let account = volume.account
    let kept = belongingsOthersUse(account, in: session)
    for object in account.objects.sorted() where !kept.contains(object) {
      session.names.removeNames(of: object)
      _ = session.metadata.remove(object)
      session.superseded.remove(object)
      if session.streams.removeValue(forKey: object) != nil { note(.stream(session: session.id, object)) }
    }
    for blob in account.blobs.sorted() where !kept.contains(blob) && isCleared(blob, in: session, by: remover) {
      removeBlob(blob, in: session, by: remover)
    }
    if let remover { endStaleGrants(of: remover) }
  }

  /// What others' objects have as members, directly or through further members.
  private func belongingsOthersUse(_ account: Account, in session: Session) -> Set<ObjectID> {
    var pending = account.objects.union(account.blobs).filter { id in
      session.metadata.dependents(of: id).contains { !account.objects.contains($0) }
    }
    var kept: Set<ObjectID> = []
    while let id = pending.popFirst() {
      guard kept.insert(id).inserted else { continue }
      for link in session.metadata[id]?.links ?? [] {
        if account.objects.contains(link.id) || account.blobs.contains(link.id) { pending.insert(link.id) }
      }
    }
    return kept
  }

  /// What is left of a volume becomes nobody's in particular.
  private func disownBelongings(of volume: Volume) {
    for object in volume.account.objects { volume.session.metadata.update(object) { $0.owner = nil } }
    for blob in volume.account.blobs { volume.session.blobs[blob]?.account = nil }
  }

  // MARK: - Contents that move

  /// Moves objects, names and sealed blobs into another session; what already has an id there arrives under a new one.
  private func moveContents(of source: Session, to target: Session) {
    var newIDs: [ObjectID: ObjectID] = [:]
    for (id, var blob) in source.blobs.sorted(by: { $0.key < $1.key }) {
      guard blob.isSealed else {
        removeBlob(id, in: source, by: nil)
        continue
      }
      blob.account?.refund(blob.charged, for: id)
      blob.account = nil
      endSealing(&blob, in: source)
      source.blobs[id] = nil
      let newID = target.blobs[id] == nil ? id : freshBlobID(in: target)
      if newID != id { newIDs[id] = newID }
      target.blobs[newID] = blob
    }
    let objects = Array(source.metadata.ascending)
    for id in objects where target.metadata.contains(id) { newIDs[id] = freshObjectID(in: target) }
    for id in objects {
      guard var record = source.metadata[id] else { continue }
      if !newIDs.isEmpty { record.links = record.links.map { $0.following(newIDs) } }
      target.metadata.insert(newIDs[id] ?? id, record)
    }
    for id in objects {
      for name in source.names.namesByObject[id] ?? [] { point(name, to: newIDs[id] ?? id, in: target) }
    }
    source.metadata.removeAll()
    source.names = NameTable()
    note(.objects(session: target.id))
  }
}

extension MemberLink {
  /// The same link where ids have changed.
  fileprivate func following(_ newIDs: [ObjectID: ObjectID]) -> MemberLink {
    switch target {
    case .object(let id): MemberLink(target: .object(newIDs[id] ?? id), instance: instance)
    case .blob(let id): MemberLink(target: .blob(newIDs[id] ?? id), instance: instance)
    case .signature(let signature, let place, let fallback):
      MemberLink(
        target: .signature(signature, instance: place, fallback: newIDs[fallback] ?? fallback), instance: instance)
    }
  }
}
