import SeededRandom
import StoreCore
import StoreProtocol

/// Plasma requests and moves between sessions.
extension Simulation {
  private static let names = ["p", "q", "r", "s"]

  func plasmaRequest(_ client: SimulatedClient) throws(SimulationFailure) {
    let session = client.session
    let name = random.pick(Self.names) ?? "p"
    let isPlasma = session.session.kind == .plasma
    if !isPlasma, !random.oneIn(10) { return }
    switch random.number(below: 7) {
    case 0...2: try createPlasma(name, client)
    case 3:
      begin("seal plasma \(name) by client \(client.number)")
      let code: StatusCode? = !isPlasma ? .invalid : session.isPlasma(name) ? nil : .objectNotExists
      _ = try expect(code) { try store.sealPlasma(name, by: client.handle) }
      guard code == nil, let entry = session.plasma[name] else { return }
      modelSeal(entry.blob, in: session, by: client)
      session.plasma[name]?.holders.insert(client.number)
    case 4: try readPlasma([name, random.pick(Self.names) ?? "q"], client)
    case 5: try releasePlasma(name, client)
    default:
      begin("delete plasma \(name) by client \(client.number)")
      let code: StatusCode? = !isPlasma ? .invalid : session.isPlasma(name) ? nil : .objectNotExists
      _ = try expect(code) { try store.deletePlasma(name, by: client.handle) }
      guard code == nil, let entry = session.plasma.removeValue(forKey: name) else { return }
      remove(entry.blob, in: session, by: client)
    }
  }

  private func createPlasma(_ name: String, _ client: SimulatedClient) throws(SimulationFailure) {
    let size = UInt64(random.number(below: Int(configuration.limit / 8)))
    begin("create plasma \(name) of \(size) bytes by client \(client.number)")
    let result = try attemptAllocation {
      try store.createPlasmaBlob(name, size: size, plasmaSize: size, by: client.handle)
    }
    let isPlasma = client.session.session.kind == .plasma
    switch result {
    case .failure(let error) where !isPlasma: try check(error.code == .invalid, "failed with \(error)")
    case .failure(let error) where client.session.isPlasma(name):
      try check(error.code == .objectExists, "failed with \(error)")
    case .failure(let error): try checkRefusal(error, [size], client)
    case .success(let created):
      try check(isPlasma && !client.session.isPlasma(name), "succeeded with \(created)")
      client.session.plasma[name] = ModelPlasma(blob: created.payload.id)
      try adopt([created.payload], [size], client)
    }
  }

  private func readPlasma(_ names: [String], _ client: SimulatedClient) throws(SimulationFailure) {
    let session = client.session
    let unsafe = random.oneIn(3)
    begin("read plasma \(names)\(unsafe ? " unsafe" : "") by client \(client.number)")
    let present = names.filter { session.isPlasma($0) }
    let isUnsealed = present.contains { session.plasma[$0].flatMap { session.blobs[$0.blob] }?.isSealed == false }
    var code: StatusCode? = isUnsealed && !unsafe ? .objectNotSealed : nil
    if session.session.kind != .plasma { code = .invalid }
    let found = try expect(code) {
      try store.readPlasma(names, unsafe: unsafe, by: client.handle)
    }
    guard let found else { return }
    try check(found.map(\.id) == present, "found \(found.map(\.id)), expected \(present)")
    for name in present {
      guard let entry = session.plasma[name] else { continue }
      session.plasma[name]?.holders.insert(client.number)
      if let blob = session.blobs[entry.blob] { client.give(entry.blob, blob.extent) }
    }
  }

  private func releasePlasma(_ name: String, _ client: SimulatedClient) throws(SimulationFailure) {
    let session = client.session
    begin("release plasma \(name) by client \(client.number)")
    let isHeld = session.isPlasma(name) && session.plasma[name]?.holders.contains(client.number) == true
    let code: StatusCode? = session.session.kind != .plasma ? .invalid : isHeld ? nil : .objectNotExists
    _ = try expect(code) { try store.releasePlasma(name, by: client.handle) }
    guard code == nil, let entry = session.plasma[name] else { return }
    takeBack(entry.blob, from: client)
    dropHolder(name, client)
  }

  /// The last holder to go takes the blob along.
  func dropHolder(_ name: String, _ client: SimulatedClient) {
    guard client.session.plasma[name]?.holders.remove(client.number) != nil,
      client.session.plasma[name]?.holders.isEmpty == true,
      let entry = client.session.plasma.removeValue(forKey: name)
    else { return }
    remove(entry.blob, in: client.session, by: client)
  }

  // MARK: - Moving

  func moveOwnership(_ client: SimulatedClient) throws(SimulationFailure) {
    guard let source = random.pick(sessions) else { return }
    let pairs = (0..<(1 + random.number(below: 2))).map { _ in (from: anySource(source), to: anyTarget()) }
    begin("move \(pairs) from session \(source.session.id) by client \(client.number)")
    var code = refusal(pairs, from: source, to: client.session)
    if source !== client.session, source.tenant != nil || client.volume != nil { code = .notImplemented }
    _ = try expect(code) {
      try store.moveOwnership(pairs, from: source.session.id, by: client.handle)
    }
    if code == nil { for pair in pairs { try modelMove(pair.from, source, pair.to, client) } }
  }

  private func anySource(_ session: ModelSession) -> BlobName {
    let sealed = session.sortedBlobs.filter { session.blobs[$0]?.isSealed == true }
    if let name = random.pick(session.plasma.keys.sorted()), random.oneIn(2) { return .plasma(name) }
    return .id(random.oneIn(8) ? anyBlob(session) : random.pick(sealed) ?? .emptyBlob)
  }

  /// Few ids, so that they come and go and come again.
  private func anyTarget() -> BlobName {
    if random.oneIn(3) { return .plasma(random.pick(Self.names) ?? "p") }
    return .id(random.oneIn(15) ? .emptyBlob : ObjectID(1 << 63 | UInt64(100 + random.number(below: 2))))
  }

  private func blob(_ name: BlobName, in session: ModelSession) -> ObjectID? {
    switch name {
    case .id(let id): id
    case .plasma(let plasma): session.isPlasma(plasma) ? session.plasma[plasma]?.blob : nil
    }
  }

  private func refusal(
    _ pairs: [(from: BlobName, to: BlobName)], from source: ModelSession, to target: ModelSession
  ) -> StatusCode? {
    var leaving: Set<ObjectID> = []
    var arriving: Set<String> = []
    for pair in pairs {
      guard let id = blob(pair.from, in: source), let blob = source.blobs[id], leaving.insert(id).inserted else {
        return .objectNotExists
      }
      if !blob.isSealed { return .objectNotSealed }
      switch pair.to {
      case .id(let id):
        if !id.isBlob || id == .emptyBlob { return .invalid }
        if target.blobs[id] != nil || isReserved(id, in: target) { return .objectExists }
      case .plasma(let name):
        if target.session.kind != .plasma { return .invalid }
        if target.isPlasma(name) { return .objectExists }
      }
      if !arriving.insert("\(pair.to)").inserted { return .objectExists }
    }
    return nil
  }

  private func modelMove(
    _ from: BlobName, _ source: ModelSession, _ to: BlobName, _ client: SimulatedClient
  ) throws(SimulationFailure) {
    guard let id = blob(from, in: source), let blob = source.blobs.removeValue(forKey: id) else { return }
    if case .plasma(let name) = from { source.plasma[name] = nil }
    blob.sealer = nil
    blob.isCopy = false
    copies = copies.filter { source !== root || $0.value != id }
    if source !== client.session { blob.payer = nil }
    var newID = id
    switch to {
    case .id(let id): newID = id
    case .plasma(let name):
      // The store makes up an id: the one it has and the model doesn't.
      let ids = store.liveRanges(in: client.session.session).map(\.id)
      guard let added = ids.first(where: { client.session.blobs[$0] == nil && $0.rawValue > 1 << 63 | 200 }) else {
        throw failure("'\(name)' has no blob")
      }
      newID = added
      client.session.plasma[name] = ModelPlasma(blob: newID, holders: [client.number])
    }
    client.session.blobs[newID] = blob
    client.session.known.append(newID)
  }
}
