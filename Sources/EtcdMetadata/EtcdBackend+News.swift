import EtcdClient
import MetadataBackend
import StoreCore
import StoreProtocol

/// Taking over what others have changed.
extension EtcdBackend {
  public func takeChanges() {
    wasCertain = membership?.isCertain != false
    let all = queues.takeNews()
    withMembership {
      for news in all {
        switch news {
        case .contents(let contents, .cluster, let isContinued): takeCluster(contents, isContinued: isContinued)
        case .contents(let contents, .session(let id), let isContinued):
          take(contents, of: id, isContinued: isContinued)
        case .events(let events, .cluster, _): for event in events { take(event) }
        case .events(let events, .session(let id), let revision):
          // A watch that has ended may have said something after another has begun.
          guard let followed = followed[id], followed < revision else { continue }
          guard store.sessions[id]?.isShared == true else {
            endToFollow(id)
            continue
          }
          for event in events where event.revision > followed { take(event) }
          pass(id, revision)
        }
      }
      decideLate()
    }
  }

  private func pass(_ session: UInt64, _ revision: Int64) {
    followed[session] = max(followed[session] ?? 0, revision)
    own.pass(followed)
  }

  /// Takes over all that stores tell each other.
  ///
  /// - Parameter isContinued: whether what is missing was deleted; else etcd has lost its data.
  func takeCluster(_ contents: EtcdContents, isContinued: Bool) {
    if !isContinued { sharedQuotas.forgetHistory(settlingFor: membership?.silence ?? .zero) }
    sharedVolumes.beginAnew()
    take(contents.pairs)
    sharedVolumes.endAnew(isContinued: isContinued)
  }

  /// Takes over all keys of a session.
  ///
  /// - Parameter isContinued: whether what is missing was deleted; else etcd has lost its data.
  func take(_ contents: EtcdContents, of id: UInt64, isContinued: Bool) {
    // A watch that has ended may have read it, after or before another began.
    guard let former = followed[id], !isContinued || former <= contents.revision else { return }
    if !isContinued {
      own.forgetHistory(of: id)
      questions.forgetHistory(of: id)
      followed[id] = 0
    }
    fields.removeAll(of: id)
    late.removeAll { $0.place.session == id }
    if id == store.root.id { beginRecords(after: former) }
    var present: Set<MetadataPlace> = []
    var labelled: Set<MetadataPlace> = []
    for pair in contents.pairs {
      guard let (session, key) = layout.parse(pair.key) else { continue }
      switch key {
      case .object(let id), .field(let id, "typename"): present.insert(.object(session: session, id))
      case .name(let name): present.insert(.name(session: session, name))
      case .field(let id, "__labels"): labelled.insert(.object(session: session, id))
      default: break
      }
    }
    take(contents.pairs)
    if id == store.root.id { endRecords() }
    removeMissing(present, from: id, at: contents.revision, isContinued: isContinued)
    if isContinued { removeLabels(present.subtracting(labelled), at: contents.revision) }
    pass(id, contents.revision)
  }

  /// Takes over keys that were read.
  func take(_ pairs: [KeyValue]) {
    // An object whose fields are keys is whole with its type, which is not the last of them here.
    var types: [(session: UInt64, key: MetadataKey, pair: KeyValue)] = []
    for pair in pairs {
      guard let (session, key) = layout.parse(pair.key) else {
        takeVolume(pair.key, pair.value, at: pair.modRevision)
        continue
      }
      if case .field(_, "typename") = key {
        types.append((session, key, pair))
      } else {
        take(session, key, pair.value, at: pair.modRevision)
      }
    }
    for (session, key, pair) in types { take(session, key, pair.value, at: pair.modRevision) }
  }

  private func takeVolume(_ key: [UInt8], _ value: [UInt8]?, at revision: Int64) {
    if let volumeKey = layout.parseVolume(key) {
      sharedVolumes.take(volumeKey, value, at: revision)
    } else {
      sharedQuotas.take(key, value, at: revision)
    }
  }

  private func removeMissing(
    _ present: Set<MetadataPlace>, from sessionID: UInt64, at revision: Int64, isContinued: Bool
  ) {
    // What this store has may not be there again.
    let keepsOwn = !isContinued || standing.isGivenUp || republishing?.repeats(sessionID) == true
    if let session = store.sessions[sessionID], session.isShared {
      var missing: [PlaceEvent] = []
      var kept: Set<ObjectID> = []
      for (id, instance) in session.sharedObjects {
        let place = MetadataPlace.object(session: session.id, id)
        if present.contains(place) { continue }
        if !keepsOwn || instance != store.instances.local {
          missing.append(PlaceEvent(place: place, change: .removed, revision: revision))
        } else {
          kept.insert(id)
        }
      }
      for (name, id) in session.sharedNames where !kept.contains(id) {
        let place = MetadataPlace.name(session: session.id, name)
        if present.contains(place) { continue }
        missing.append(PlaceEvent(place: place, change: .name(nil), revision: revision))
      }
      for event in missing where own.admits(event) { takeOver(event) }
    }
    if !isContinued { return }
    // What this store has deleted, or given away, may come back when that is refused.
    for place in own.pendingPlaces where place.session == sessionID && !present.contains(place) {
      switch place {
      case .object: _ = own.admits(PlaceEvent(place: place, change: .removed, revision: revision))
      case .name: _ = own.admits(PlaceEvent(place: place, change: .name(nil), revision: revision))
      }
    }
  }

  /// Removes the labels of objects that have none in etcd any more.
  private func removeLabels(_ places: Set<MetadataPlace>, at revision: Int64) {
    for place in places {
      guard case .object(let id, let object) = place, let session = store.sessions[id],
        store.storedLabels(of: object, in: session) != nil || own.isPending(place)
      else { continue }
      let event = PlaceEvent(place: place, change: .field("__labels", nil), revision: revision)
      if own.admits(event) { takeOver(event) }
    }
  }

  private func take(_ event: WatchEvent) {
    switch event {
    case .put(let pair):
      guard let (session, key) = layout.parse(pair.key) else {
        return takeVolume(pair.key, pair.value, at: pair.modRevision)
      }
      take(session, key, pair.value, at: pair.modRevision)
    case .delete(let key, let revision):
      guard let (session, parsed) = layout.parse(key) else { return takeVolume(key, nil, at: revision) }
      take(session, parsed, nil, at: revision)
    }
  }

  private func take(_ session: UInt64, _ key: MetadataKey, _ value: [UInt8]?, at revision: Int64) {
    let event: PlaceEvent
    switch key {
    case .instance(let id, let field): return take(id, field, value, at: revision)
    case .signature, .nextInstance: return
    case .object(let id):
      event = PlaceEvent(
        place: .object(session: session, id), change: value.map { .object($0) } ?? .removed, revision: revision)
    case .field(let id, "typename") where value == nil:
      event = PlaceEvent(place: .object(session: session, id), change: .removed, revision: revision)
    case .field(let id, let field):
      event = PlaceEvent(place: .object(session: session, id), change: .field(field, value), revision: revision)
    case .name(let name):
      let target = value.flatMap { JSONText.number($0) }.map { ObjectID($0) }
      event = PlaceEvent(place: .name(session: session, name), change: .name(target), revision: revision)
    }
    // A store follows the sessions that are open on it.
    if store.sessions[session]?.isShared == true, own.admits(event) { takeOver(event) }
  }

  /// Makes a change of somebody else's in the store.
  func takeOver(_ event: PlaceEvent) {
    if own.outlive(event) { leftovers.insert(event.place) }
    apply(event)
  }

  private func apply(_ event: PlaceEvent) {
    guard let session = store.sessions[event.place.session] else { return }
    if !late.isEmpty { late.removeAll { $0.place == event.place && event.change.isWhole } }
    switch (event.place, event.change) {
    case (.object(_, let id), .object(let text)):
      if store.isBeingDeleted(id, in: session) {
        postponed[event.place] = event
      } else {
        adopt(id, text, in: session)
      }
    case (.object(_, let id), .field("__labels", let value)) where store.isShared(id, in: session):
      store.adoptLabels(of: id, stored: value, in: session)
    // Names are keys of their own.
    case (.object, .field("__name", _)): break
    case (.object, .field(let field, nil)): fields.remove(field, of: event.place)
    case (.object(_, let id), .field(let field, let value?)):
      // Of an object that is whole nothing changes any more.
      guard !store.isShared(id, in: session) else { return }
      guard let text = fields.add(field, value, of: event.place) else { return }
      apply(PlaceEvent(place: event.place, change: .object(text), revision: event.revision))
    case (.object(_, let id), .removed):
      if isKept(id, in: session, event) { return }
      fields.remove(event.place)
      postponed[event.place] = nil
      // Whoever did it told of the names it knew: others lead to the object again when it comes back.
      let names = store.adoptRemoval(of: id, in: session)
      if !names.isEmpty { dangling[event.place, default: []].formUnion(names) }
    case (.name(_, let name), .name(let target)):
      if target == nil, let former = session.target(of: name), isKept(former, in: session, event) { return }
      adopt(name, target, in: session)
    default: break
    }
  }

  /// Whether an object stays although it is gone from etcd, or is it for now: it went since the store was given up.
  private func isKept(_ id: ObjectID, in session: Session, _ event: PlaceEvent) -> Bool {
    guard store.isOwn(id, in: session) else { return false }
    if session === store.root { return standing.isGivenUp }
    guard let isKept = standing.wasGivenUp(at: event.revision, followed: followed[store.root.id], isCertain: wasCertain)
    else {
      late.append(event)
      return true
    }
    return isKept
  }

  /// Decides about deletions in sessions of volumes that came before what happened to this store itself.
  private func decideLate() {
    if late.isEmpty { return }
    let events = late
    late = []
    for event in events { apply(event) }
  }

  /// Takes over objects whose deletion here is settled.
  func takePostponed() {
    for (place, event) in postponed {
      guard case .object(let id, let object) = place else { continue }
      if let session = store.sessions[id], store.isBeingDeleted(object, in: session) { continue }
      postponed[place] = nil
      apply(event)
    }
  }

  /// Gives objects that are back what others have given them meanwhile.
  func takeRevived() {
    for (place, names) in dangling {
      guard case .object(let id, let object) = place, let session = store.sessions[id],
        store.isShared(object, in: session)
      else { continue }
      dangling[place] = nil
      for name in names { store.adoptName(name, object, in: session) }
    }
    for place in fields.places {
      guard case .object(let id, let object) = place, let session = store.sessions[id],
        store.isShared(object, in: session), let labels = fields.take("__labels", of: place)
      else { continue }
      store.adoptLabels(of: object, stored: labels, in: session)
    }
  }

  private func adopt(_ id: ObjectID, _ text: [UInt8], in session: Session) {
    // What others write may be anything; what is no object stays invisible.
    guard (try? store.adoptObject(id, stored: text, in: session)) != nil else { return }
    let place = MetadataPlace.object(session: session.id, id)
    if let labels = fields.take("__labels", of: place) { store.adoptLabels(of: id, stored: labels, in: session) }
    for name in dangling.removeValue(forKey: place) ?? [] { store.adoptName(name, id, in: session) }
  }

  /// Forgets where a name led that leads elsewhere now.
  func forgetDangling(_ name: String, session: UInt64) {
    for (place, names) in dangling where names.contains(name) && place.session == session {
      dangling[place]?.remove(name)
      if dangling[place]?.isEmpty == true { dangling[place] = nil }
    }
  }

  private func adopt(_ name: String, _ target: ObjectID?, in session: Session) {
    forgetDangling(name, session: session.id)
    if store.adoptName(name, target, in: session) { return }
    if let target { dangling[.object(session: session.id, target), default: []].insert(name) }
  }
}
