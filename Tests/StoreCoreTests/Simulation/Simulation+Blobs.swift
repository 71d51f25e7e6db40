import SeededRandom
import StoreCore
import StoreProtocol

extension Simulation {
  // MARK: - Creating

  func anySize() -> UInt64 {
    switch random.number(below: 12) {
    case 0: 0
    case 1: configuration.limit / UInt64(1 + random.number(below: 3))
    case 2...4: UInt64(random.number(below: 200))
    default: UInt64(random.number(below: Int(configuration.limit / 8)))
    }
  }

  func createBlob(_ client: SimulatedClient) throws(SimulationFailure) {
    let size = anySize()
    begin("create \(size) bytes by client \(client.number)")
    let result = try attemptAllocation { try store.createBlob(size, by: client.handle) }
    switch result {
    case .success(let payload): try adopt([payload], [size], client)
    case .failure(let error): try checkRefusal(error, [size], client)
    }
  }

  func createBlobs(_ client: SimulatedClient) throws(SimulationFailure) {
    let sizes = (0..<random.number(below: 4)).map { _ in anySize() / 2 }
    begin("create \(sizes) bytes by client \(client.number)")
    let result = try attemptAllocation { try store.createBlobs(sizes, by: client.handle) }
    switch result {
    case .success(let payloads): try adopt(payloads, sizes, client)
    case .failure(let error): try checkRefusal(error, sizes, client)
    }
  }

  /// Takes new blobs into the model; what they got must be nobody else's.
  func adopt(
    _ payloads: [BlobPayload], _ sizes: [UInt64], _ client: SimulatedClient
  ) throws(SimulationFailure) {
    record("\(payloads)")
    try check(payloads.map(\.size) == sizes, "sizes differ: \(payloads)")
    for payload in payloads where payload.size > 0 {
      let extent = ModelExtent(offset: payload.offset, size: payload.size, of: tenant(of: client.session))
      try checkFree(extent)
      try checkFile(of: payload, isNew: true, client)
      extents.append(extent)
      client.session.blobs[payload.id] = ModelBlob(extent, size: payload.size, writer: client)
      client.session.known.append(payload.id)
      let range = ByteRange(offset: payload.offset, length: payload.size)
      if try !isWarm(range) {
        store.demandPages(range)
        client.awaiting.append((payload.id, range))
      }
    }
    if let volume = client.volume { try check(used(by: volume) <= volume.limit, "more than the quota is given") }
  }

  /// Checks that nobody has the bytes of a new extent.
  func checkFree(_ new: ModelExtent) throws(SimulationFailure) {
    try check(new.offset % 64 == 0, "offset \(new.offset) is not aligned")
    let isInside = configuration.separatesTenants || new.end <= (configuration.arenaLength + 63) / 64 * 64
    try check(isInside, "an extent ends at \(new.end), behind the arena")
    for extent in extents where extent.overlaps(new.offset, new.end) {
      throw failure(
        "\(new.offset)..<\(new.end) overlaps \(extent.offset)..<\(extent.end), which \(extent.hasBlob ? "a blob" : "a reader") holds"
      )
    }
  }

  /// A refusal is right only when a quota, the limit or the largest gap of the model doesn't allow the blobs.
  func checkRefusal(
    _ error: StoreError, _ sizes: [UInt64], _ client: SimulatedClient
  ) throws(SimulationFailure) {
    record(error.message)
    try check(error.code == .notEnoughMemory, "failed with \(error)")
    let wanted = sizes.reduce(0, +)
    if let volume = client.volume, used(by: volume) + retained(by: volume) + wanted > volume.limit { return }
    if lacksPages(for: sizes) { return }
    if used + retained - reusable + wanted > configuration.limit { return }
    if configuration.separatesTenants { throw failure("refused \(sizes) although there is room") }
    let largest = sizes.max() ?? 0
    try check(
      sizes.count > 1 || largestGap < largest, "refused \(sizes) although \(largestGap) bytes are free in a row")
  }

  /// Bytes of the largest piece of the arena that nobody holds.
  var largestGap: UInt64 {
    var largest: UInt64 = 0
    var position: UInt64 = 0
    for extent in extents.sorted(by: { $0.offset < $1.offset }) {
      largest = max(largest, extent.offset - position)
      position = extent.end
    }
    return max(largest, configuration.arenaLength - position)
  }

  // MARK: - Changing

  func seal(_ client: SimulatedClient) throws(SimulationFailure) {
    let own = client.session.sortedBlobs.filter { client.session.blobs[$0]?.writer === client }
    let id = random.oneIn(8) ? anyBlob(client.session) : random.pick(own) ?? .emptyBlob
    begin("seal \(id) by client \(client.number)")
    let code: StatusCode? = id == .emptyBlob || client.session.blobs[id] != nil ? nil : .objectNotExists
    _ = try expect(code) { try store.seal(id, by: client.handle) }
    modelSeal(id, in: client.session, by: client)
  }

  func modelSeal(_ id: ObjectID, in session: ModelSession, by client: SimulatedClient) {
    guard let blob = session.blobs[id], !blob.isSealed else { return }
    blob.isSealed = true
    blob.writer = nil
    blob.sealer = client
  }

  func shrink(_ client: SimulatedClient) throws(SimulationFailure) {
    let id = anyBlob(client.session)
    let blob = client.session.blobs[id]
    let size = UInt64(random.number(below: Int(blob?.size ?? 10) + 2))
    begin("shrink \(id) to \(size) by client \(client.number)")
    var code: StatusCode?
    if id != .emptyBlob {
      if let blob {
        code = blob.isSealed ? .objectSealed : size > blob.size ? .invalid : nil
      } else {
        code = .objectNotExists
      }
    }
    _ = try expect(code) { try store.shrink(id, to: size, by: client.handle) }
    guard code == nil, let blob else { return }
    let isAlone = (clients + leaving).allSatisfy { other in
      other === client || !other.grants.contains { $0.extent === blob.extent }
    }
    blob.size = size
    guard blob.writer === client, isAlone else { return }
    blob.extent.length = max(64, (size + 63) / 64 * 64)
    // Remains of large blobs lie far apart, and each takes the pages of a block.
    let charged = blob.charged >= Residency.blockSize ? max(size, Residency.blockSize) : size
    blob.extent.charged = charged
    blob.charged = charged
  }

  func drop(_ client: SimulatedClient) throws(SimulationFailure) {
    let id = anyBlob(client.session)
    begin("drop \(id) by client \(client.number)")
    let code: StatusCode? = id == .emptyBlob || client.session.blobs[id] != nil ? nil : .objectNotExists
    _ = try expect(code) { try store.dropBlob(id, by: client.handle) }
    remove(id, in: client.session, by: client)
  }

  /// Removes a blob from the model; a writer that didn't ask for it keeps its bytes.
  func remove(_ id: ObjectID, in session: ModelSession, by remover: SimulatedClient?) {
    guard let blob = session.blobs.removeValue(forKey: id) else { return }
    if blob.isCopy { copies = copies.filter { $0.value != id } }
    free(blob, id, in: session, by: remover)
  }

  /// Frees a blob that was taken out of its session.
  func free(_ blob: ModelBlob, _ id: ObjectID, in session: ModelSession, by remover: SimulatedClient?) {
    blob.extent.blobs -= 1
    if let writer = blob.writer, writer !== remover { writer.give(id, blob.extent, isPinned: true) }
    if let remover, let index = remover.grants.lastIndex(where: { $0.id == id }),
      remover.grants[index].extent === blob.extent, !remover.grants[index].isPinned
    {
      remover.end(at: index)
    }
    if !reusesDeleted(blob, in: session) { blob.extent.isKept = true }
    listExtents()
  }

  private func reusesDeleted(_ blob: ModelBlob, in session: ModelSession) -> Bool {
    guard let payer = blob.payer else { return configuration.deletedMemory == .reuse }
    let settings = payer.volume.settings
    let policy = settings.deletedMemory ?? (settings.scope == .volume ? .keep : configuration.deletedMemory)
    return policy == .reuse && payer.volume.kind == .volume
  }

  /// Drops extents that nobody holds, and notes in which order others may be taken back.
  func listExtents() {
    extents.removeAll { !$0.isHeld }
    for extent in extents {
      if extent.hasBlob || extent.isKept || extent.pins > 0 {
        extent.listed = nil
      } else if extent.listed == nil {
        extent.listed = step
      }
    }
  }

  /// Bytes that may be taken back.
  var reusable: UInt64 { extents.reduce(0) { $1.listed == nil ? $0 : $0 + $1.charged } }

  /// Makes a request that may take back deleted blobs, and follows the store in that: the ones deleted longest ago.
  func attemptAllocation<Value>(_ body: () throws -> Value) throws(SimulationFailure) -> Result<Value, StoreError> {
    let listed = extents.filter { $0.listed != nil }
    let order = store.reusableRanges.compactMap { range in listed.first { $0.offset == range.offset } }
    try check(order.count == listed.count, "\(listed.count) extents may be taken back, not \(order.count)")
    let stamps = order.compactMap(\.listed)
    try check(zip(stamps, stamps.dropFirst()).allSatisfy { $0 <= $1 }, "what may be taken back is out of order")
    let result = attempt(body)
    for extent in order.prefix(store.takeReuse().blobs) {
      for client in clients + leaving {
        while let index = client.grants.firstIndex(where: { $0.extent === extent }) { client.end(at: index) }
      }
      extents.removeAll { $0 === extent }
    }
    try followEvictions()
    return result
  }

  /// Ends a client's grants of what is deleted.
  func endStaleGrants(of client: SimulatedClient) {
    while let index = client.grants.firstIndex(where: { !$0.isPinned && !$0.extent.hasBlob }) { client.end(at: index) }
    listExtents()
  }

  // MARK: - Reading

  func read(_ client: SimulatedClient) throws(SimulationFailure) {
    let session = client.session
    let ids = (0..<(1 + random.number(below: 3))).map { _ in anyBlob(session) }
    if random.oneIn(6) {
      begin("reference \(ids) by client \(client.number)")
      store.increaseReferences(ids, by: client.handle)
      for id in ids { if let blob = session.blobs[id] { client.give(id, blob.extent) } }
      return
    }
    let unsafe = random.oneIn(3)
    begin("read \(ids)\(unsafe ? " unsafe" : "") by client \(client.number)")
    let isRefused = !unsafe && ids.contains { session.blobs[$0]?.isSealed == false }
    let payloads = try expect(isRefused ? .objectNotSealed : nil) {
      var payloads: [BlobPayload] = []
      try store.readBlobs(ids, unsafe: unsafe, by: client.handle, into: &payloads)
      return payloads
    }
    guard let payloads else { return }
    let present = ids.filter { $0 == .emptyBlob || session.blobs[$0] != nil }
    try check(payloads.map(\.id) == present, "found \(payloads.map(\.id)), expected \(present)")
    for payload in payloads where payload.id != .emptyBlob {
      guard let blob = session.blobs[payload.id] else { continue }
      let isSame =
        payload.offset == blob.extent.offset && payload.size == blob.size && payload.isSealed == blob.isSealed
      try check(isSame, "\(payload) is not what was created")
      try checkFile(of: payload, isNew: false, client)
      client.give(payload.id, blob.extent)
    }
  }

  func release(_ client: SimulatedClient) throws(SimulationFailure) {
    let id = random.pick(client.grants)?.id ?? anyBlob(client.session)
    begin("release \(id) by client \(client.number)")
    let blob = client.session.blobs[id]
    var code: StatusCode?
    if id != .emptyBlob, !client.isGiven(id), blob?.sealer !== client {
      let isSealer =
        sessions.contains { $0.blobs.values.contains { $0.sealer === client } }
        || retiredBlobs.contains { $0.sealer === client }
      code = client.grants.isEmpty && !isSealer ? .keyError : .objectNotExists
    }
    _ = try expect(code) { try store.release(id, by: client.handle) }
    takeBack(id, from: client)
    if blob?.sealer === client { blob?.sealer = nil }
  }

  func takeBack(_ id: ObjectID, from client: SimulatedClient) {
    if client.takeBack(id) { listExtents() }
  }
}
