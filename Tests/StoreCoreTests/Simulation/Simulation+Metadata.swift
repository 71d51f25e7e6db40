import JSON
import SeededRandom
import StoreCore
import StoreProtocol

extension Simulation {
  // MARK: - Objects

  func createObject(_ client: SimulatedClient) throws(SimulationFailure) {
    let session = client.session
    var members = (0..<random.number(below: 3)).map { _ in anyID(session) }
    members.removeAll { $0 == .invalid }
    let typename = "t::" + (random.pick(["A", "B", "C"]) ?? "A")
    var text = "{\"typename\":\"\(typename)\",\"instance_id\":0"
    for (index, id) in members.enumerated() {
      text += ",\"m\(index)\":" + (id.isBlob ? StoreFixture.blobMember(id) : "{\"id\":\"\(id)\"}")
    }
    // Sometimes a member that nobody has, given whole.
    let implicit = ObjectID(UInt64(1000 + random.number(below: 20)))
    let isImplicit = random.oneIn(5)
    let blob = anyBlob(session)
    if isImplicit {
      text +=
        ",\"n\":{\"id\":\"\(implicit)\",\"typename\":\"t::I\",\"instance_id\":0,\"b\":\(StoreFixture.blobMember(blob))}"
    }
    begin("put \(text)}} by client \(client.number)")
    guard let document = try? StoreFixture.document(text + "}") else { throw failure("the document cannot be read") }
    // Members are looked at in their order; what they made the store's own of copies goes with a refusal.
    let missing = members.firstIndex { !$0.isBlob && session.objects[$0] == nil }
    var named = Array(members.prefix(missing ?? members.count))
    let isNew = isImplicit && session.objects[implicit] == nil
    if missing == nil, isNew { named.append(blob) }
    let kept = named.filter { session.blobs[$0]?.isCopy == true }
    var code = keepCopies(named, in: session, for: client.volume)
    if code == nil, missing != nil { code = .metaTreeSubtreeNotExists }
    if code == nil, isNew, isReserved(implicit, in: session) { code = .objectExists }
    let created = try expect(code) {
      try store.createObjects([document], in: session.session, of: client.volume?.volume)
    }
    if code != nil {
      for id in kept where session.blobs[id]?.isCopy == false && !session.hasDependents(id) {
        remove(id, in: session, by: nil)
      }
    }
    guard let id = created?.first?.id else { return }
    try check(session.objects[id] == nil, "\(id) exists already")
    if isImplicit {
      if session.objects[implicit] == nil {
        put(implicit, ModelObject(typename: "t::I", members: [blob], owner: client.volume), in: session)
        session.known.append(implicit)
      }
      members.append(implicit)
    }
    put(id, ModelObject(typename: typename, members: members, owner: client.volume), in: session)
    session.known.append(id)
  }

  func shallowCopy(_ client: SimulatedClient) throws(SimulationFailure) {
    let session = client.session
    let id = anyID(session)
    begin("copy \(id) by client \(client.number)")
    let code: StatusCode? = id.isBlob ? .assertionFailed : session.objects[id] == nil ? .metaTreeSubtreeNotExists : nil
    let copy = try expect(code) {
      try store.shallowCopy(id, extra: StoreFixture.document(#"{"x":1}"#), by: client.handle)
    }
    guard let copy, var object = session.objects[id] else { return }
    if object.isPersistent { rely(on: id, in: session) }
    object.owner = client.volume
    put(copy, object, in: session, isAsked: true)
    session.known.append(copy)
  }

  func persistOrLabel(_ client: SimulatedClient) throws(SimulationFailure) {
    let session = client.session
    let id = anyID(session)
    let isKnown = session.objects[id] != nil
    if random.oneIn(3) {
      begin("label \(id) by client \(client.number)")
      let labels = [("a", "\(random.number(below: 9))"), ("b", "c")]
      _ = try expect(isKnown ? nil : .objectNotExists) {
        try store.label(id, labels, by: client.handle)
      }
      guard let object = session.objects[id] else { return }
      note(.label(id), in: session, isPublished: object.isPersistent, isAsked: true)
      note(.label(id), in: session, isPublished: object.isPersistent, isAsked: true)
      return
    }
    begin("persist \(id) by client \(client.number)")
    let code: StatusCode? = id.isBlob ? .assertionFailed : isKnown ? nil : .metaTreeSubtreeNotExists
    _ = try expect(code) { try store.persist(id, by: client.handle) }
    if code == nil { modelPersist(id, in: session) }
  }

  private func modelPersist(_ id: ObjectID, in session: ModelSession) {
    guard let object = session.objects[id] else { return }
    if object.isPersistent { return rely(on: id, in: session) }
    note(.persist(id), in: session, isPublished: true, isAsked: true)
    session.objects[id]?.isPersistent = true
    for member in session.objects[id]?.members ?? [] { modelPersist(member, in: session) }
  }

  // MARK: - Deleting

  func delete(_ client: SimulatedClient) throws(SimulationFailure) {
    let ids = (0..<(1 + random.number(below: 3))).map { _ in anyID(client.session) }
    let (force, deep) = (random.oneIn(5), !random.oneIn(3))
    begin("delete \(ids)\(force ? " force" : "")\(deep ? " deep" : "") by client \(client.number)")
    let expected = modelDelete(ids, force: force, deep: deep, client, isAsked: true)
    let deleted = store.delete(ids, force: force, deep: deep, by: client.handle)
    record("\(deleted)")
    try check(Set(deleted) == expected && deleted.count == expected.count, "deleted \(deleted), expected \(expected)")
  }

  /// The rules of section 4.7, applied until nothing changes any more.
  func modelDelete(_ ids: [ObjectID], force: Bool, deep: Bool, _ client: SimulatedClient, isAsked: Bool = false) -> Set<
    ObjectID
  > {
    let session = client.session
    let requested = Set(ids).subtracting([.emptyBlob])
    var doomed = requested.filter { force || !session.hasDependents($0) }
    if force {
      var ancestors = doomed
      while !ancestors.isEmpty {
        ancestors = Set(ancestors.flatMap { session.dependents(of: $0) }).subtracting(doomed)
        doomed.formUnion(ancestors)
      }
    }
    var blobs: Set<ObjectID> = []
    while !doomed.isEmpty {
      var freed: Set<ObjectID> = []
      for id in doomed.sorted() {
        if session.blobs[id] != nil {
          retire(id, in: session, by: client, isAsked: isAsked)
          blobs.insert(id)
        }
        guard let object = session.objects[id] else { continue }
        takeOut(id, in: session, isAsked: isAsked)
        freed.formUnion(object.members)
      }
      doomed = freed.filter { id in
        (id.isBlob || deep || requested.contains(id)) && session.exists(id) && !session.hasDependents(id)
      }
    }
    return blobs
  }

  func deleteFast(_ client: SimulatedClient) throws(SimulationFailure) {
    let session = client.session
    let ids = [anyID(session), anyBlob(session)].filter { $0 != .invalid }
    begin("delete \(ids) fast by client \(client.number)")
    let present = ids.filter { session.blobs[$0] != nil }
    let code: StatusCode? = ids.allSatisfy(\.isBlob) ? nil : .assertionFailed
    let deleted = try expect(code) { try store.deleteBlobs(ids, by: client.handle) }
    guard let deleted else { return }
    try check(Set(deleted) == Set(present) && deleted.count == Set(present).count, "deleted \(deleted)")
    for id in deleted { remove(id, in: session, by: client) }
  }

  func clear(_ client: SimulatedClient) throws(SimulationFailure) {
    begin("clear by client \(client.number)")
    if let volume = client.volume {
      store.clear(volume.volume, by: client.handle)
      return modelClear(volume, by: client)
    }
    store.clear(client.session.session, by: client.handle)
    modelClear(client.session, by: client)
  }

  func modelClear(_ session: ModelSession, by client: SimulatedClient?) {
    forgetHistory(of: session)
    session.objects.removeAll()
    session.names.removeAll()
    note(.other, in: session, isPublished: true)
    for id in session.sortedBlobs where isCleared(id, in: session, by: client) { remove(id, in: session, by: client) }
    session.plasma = session.plasma.filter { session.blobs[$0.value.blob] != nil }
    for (id, stream) in session.streams {
      // The one that somebody else is writing to stays.
      if let client, let writer = stream.writer, writer !== client, stream.current != nil { continue }
      session.streams[id] = nil
    }
    if let client { endStaleGrants(of: client) }
  }

  /// Whether a blob goes when a client clears its session: all but what others are still writing.
  func isCleared(_ id: ObjectID, in session: ModelSession, by client: SimulatedClient?) -> Bool {
    guard let client, let writer = session.blobs[id]?.writer else { return true }
    return writer === client
  }

  // MARK: - Names and listings

  private static let names = ["/a", "a~b", "a", "b/c", "caf\u{e9}", "cafe\u{301}"]

  func nameRequest(_ client: SimulatedClient) throws(SimulationFailure) {
    let session = client.session
    let name = random.pick(Self.names) ?? "a"
    switch random.number(below: 5) {
    case 0:
      begin("drop name \(name)")
      store.dropName(name, by: client.handle)
      if let id = session.names.first(where: { isSame($0.name, name) })?.id {
        note(.unname(name, of: id), in: session, isPublished: true, isAsked: true)
      }
      session.names.removeAll { isSame($0.name, name) }
    case 1: try send(.name(name), client)
    case 2:
      begin("get name \(name)")
      let id = session.names.first { isSame($0.name, name) }?.id
      let found = try expect(id == nil ? .objectNotExists : nil) {
        value(try store.getName(name, wait: false, in: session.session))
      }
      try check(found.flatMap { $0 } == id, "found \(String(describing: found)), expected \(String(describing: id))")
    default:
      let persistent = session.sortedObjects.filter { session.objects[$0]?.isPersistent == true }
      let id = random.oneIn(4) ? anyID(session) : random.pick(persistent) ?? .invalid
      begin("name \(id) \(name)")
      var code: StatusCode?
      if id.isBlob { code = .invalid } else if session.objects[id] == nil { code = .objectNotExists }
      if code == nil, session.objects[id]?.isPersistent == false { code = .invalid }
      _ = try expect(code) { try store.putName(name, to: id, by: client.handle) }
      guard code == nil else { return }
      note(.name(name, id), in: session, isPublished: true, isAsked: true)
      session.names.removeAll { isSame($0.name, name) }
      session.names.append((name, id))
    }
  }

  /// Names are the same when their bytes are.
  func isSame(_ left: String, _ right: String) -> Bool { left.utf8.elementsEqual(right.utf8) }

  func waitForName(_ name: String, _ client: SimulatedClient) throws(SimulationFailure) {
    let outcome = try expect(nil) {
      try store.getName(name, wait: true, in: client.session.session)
    }
    let id = client.session.names.first { isSame($0.name, name) }?.id
    switch outcome {
    case .park(let key):
      try check(id == nil, "waits although the name leads to \(String(describing: id))")
      client.parked = (.name(name), key)
    case .done(let found): try check(found == id, "found \(found), expected \(String(describing: id))")
    case nil: break
    }
  }

  func list(_ client: SimulatedClient) throws(SimulationFailure) {
    let session = client.session
    let limit = random.number(below: 12)
    begin("list by client \(client.number)")
    let ids = try expect(nil) { try store.listObjects(.wildcard("*"), limit: UInt64(limit), in: session.session) } ?? []
    let sealed = session.sortedBlobs.filter {
      session.blobs[$0]?.isSealed == true && session.blobs[$0]?.isCopy == false
    }
    try check(ids == Array((session.sortedObjects + sealed).prefix(limit)), "listed \(ids)")
    let typed =
      try expect(nil) { try store.listObjects(.wildcard("*::[AB]"), limit: .max, in: session.session) } ?? []
    let expected = session.sortedObjects.filter { ["t::A", "t::B"].contains(session.objects[$0]?.typename) }
    try check(typed == expected, "listed \(typed), expected \(expected)")
    let writer = ByteWriter()
    let count = try expect(nil) { try store.render(ids, in: session.session, into: writer) }
    try check(count == ids.count, "rendered \(count ?? 0) of \(ids.count)")
    record(String(decoding: writer.bytes, as: UTF8.self))
    let names = try expect(nil) { try store.listNames(.wildcard("*"), limit: .max, in: session.session) } ?? []
    record("\(names)")
    let stored = session.names.map { name in
      (name.name.replacing("~", with: "~0").replacing("/", with: "~1"), name)
    }.sorted { $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) }
    let isRight = names.elementsEqual(stored.map(\.1)) { isSame($0.name, $1.name) && $0.id == $1.id }
    try check(isRight, "listed names \(names)")
  }
}
