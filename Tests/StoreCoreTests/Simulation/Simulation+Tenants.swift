import SeededRandom
import StoreCore
import StoreProtocol

/// Bytes of a blob that are still to be copied, which keeps both places.
final class PendingModelCopy {
  let source: ModelExtent
  let target: ModelExtent
  var rest: UInt64

  init(_ source: ModelExtent, _ target: ModelExtent, _ bytes: UInt64) {
    self.source = source
    self.target = target
    rest = bytes
  }
}

/// Volumes whose memory is in files of their own: nobody else is ever handed these, and each pays for what it keeps.
extension Simulation {
  /// Whose memory files a session's blobs are in.
  func tenant(of session: ModelSession) -> UInt64 {
    configuration.separatesTenants && session.tenant != nil ? session.session.id : 0
  }

  /// Checks that a client may have the file that it is told of, and write to it only where all in it is its tenant's.
  func checkFile(of payload: BlobPayload, isNew: Bool, _ client: SimulatedClient) throws(SimulationFailure) {
    let own = tenant(of: client.session)
    guard let blob = client.session.blobs[payload.id] ?? nil, !isNew else {
      let known = fileTenants[payload.fileKey]
      try check(known == nil || known == own, "file \(payload.fileKey) is of \(known ?? 0) and \(own)")
      fileTenants[payload.fileKey] = own
      return try check(store.mayWrite(payload.fileKey, client.handle) == true, "a new blob cannot be written")
    }
    let mayWrite = store.mayWrite(payload.fileKey, client.handle)
    try check(mayWrite != nil, "the file of \(payload.id) is not to be had")
    let isOthers = blob.extent.tenant != own
    try check(mayWrite != isOthers, "a client of \(own) writes to a file of \(blob.extent.tenant)")
    try check(!isOthers || closedTenants.contains(blob.extent.tenant), "a file of \(blob.extent.tenant) is shared")
    try check(payload.offset >= payload.fileStart, "\(payload) is before its file")
    try check(
      payload.offset + payload.size <= payload.fileStart + payload.mappingLength, "\(payload) is behind its file")
  }

  /// Bytes of a volume's deleted blobs that its clients still map.
  func retained(by volume: ModelVolume) -> UInt64 {
    let tenant = tenant(of: volume.session)
    guard tenant != 0 else { return 0 }
    return extents.reduce(0) { !$1.hasBlob && $1.tenant == tenant ? $0 + $1.charged : $0 }
  }

  // MARK: - Pages

  private var usedBlocks: Set<UInt64> {
    let block = Residency.blockSize
    return extents.reduce(into: []) { $0.formUnion($1.offset / block..<($1.end + block - 1) / block) }
  }

  private var blockLimit: Int { Int((configuration.arenaLength + Residency.blockSize - 1) / Residency.blockSize) }

  /// Whether new blobs could need more blocks than there may be.
  func lacksPages(for sizes: [UInt64]) -> Bool {
    guard configuration.separatesTenants else { return false }
    let wanted = sizes.reduce(0) { $0 + Int(($1 + Residency.blockSize - 1) / Residency.blockSize) + 1 }
    return usedBlocks.count + wanted > blockLimit
  }

  /// What is committed is what has pages, what gets them and what loses them: never more than there may be.
  func checkPages() throws(SimulationFailure) {
    guard configuration.populate != .off else { return }
    var blocks = warmBlocks.count + leavingBlocks.count
    for case .populate(let range, _) in jobs {
      blocks += Int((range.length + Residency.blockSize - 1) / Residency.blockSize)
    }
    let committed = Int(store.memory.residency.committedBytes / Residency.blockSize)
    try check(committed == blocks, "\(committed) blocks are committed, \(blocks) have pages")
    try check(committed <= blockLimit, "\(committed) blocks are committed, of \(blockLimit)")
    try check(usedBlocks.count <= blockLimit, "\(usedBlocks.count) blocks are used, of \(blockLimit)")
  }

  // MARK: - Copies for snapshots and new volumes

  /// Makes a request that may copy what a volume has, and so may lack the memory for it.
  func expect<Value>(
    _ code: StatusCode?, copying source: ModelVolume?, _ body: () throws -> Value
  ) throws(SimulationFailure) -> Value? {
    guard configuration.separatesTenants, let source, source.volume.kind == .volume, code == nil else {
      return try expect(code, body)
    }
    switch try attemptAllocation(body) {
    case .success(let value):
      record("\(value)")
      return value
    case .failure(let error):
      record(error.message)
      let wanted = source.session.blobs.values.reduce(0) { $1.isSealed ? $0 + $1.charged : $0 }
      let isFull = used + retained - reusable + wanted + retiredBytes(of: source) > configuration.limit
      try check(error.code == .notEnoughMemory && isFull, "failed with \(error)")
      return nil
    }
  }

  private func retiredBytes(of volume: ModelVolume) -> UInt64 {
    retiredBlobs.filter { $0.payer === volume }.reduce(0) { $0 + $1.charged }
  }

  /// The place of a blob in a volume that begins with it: the same where nobody writes to it any more.
  ///
  /// - Returns: nil when there was no room for it.
  func sharedOrCopied(
    _ blob: ModelBlob, _ id: ObjectID, in target: ModelVolume
  ) throws(SimulationFailure) -> ModelExtent? {
    if !configuration.separatesTenants || closedTenants.contains(blob.extent.tenant) {
      blob.extent.blobs += 1
      return blob.extent
    }
    guard let place = store.liveRanges(in: target.session.session).first(where: { $0.id == id })?.range else {
      try check(target.volume.fillFailure != nil, "\(id) is not copied")
      return nil
    }
    let extent = ModelExtent(offset: place.offset, size: blob.size, of: tenant(of: target.session))
    extent.length = max(64, extent.length)
    try checkFree(extent)
    extents.append(extent)
    guard blob.size > 0 else { return extent }
    blob.extent.blobs += 1
    extent.blobs += 1
    pendingCopies.append(PendingModelCopy(blob.extent, extent, blob.size))
    return extent
  }

  /// Nobody writes to the files of a snapshot once it has all of its contents.
  func noteFilled(_ volume: ModelVolume) {
    guard volume.volume.kind == .snapshot, !volume.volume.isBeingFilled else { return }
    closedTenants.insert(volume.session.session.id)
  }

  /// Checks that bytes are copied from where a blob is to where one is to be, with pages.
  func checkCopy(_ from: ByteRange, _ to: ByteRange) throws(SimulationFailure) {
    let copy = pendingCopies.first { $0.target.overlaps(to.offset, to.end) }
    try check(copy?.source.overlaps(from.offset, from.end) == true, "nobody wants \(from) at \(to)")
    try check(store.memory.residency.isWarm(to), "\(to) has no pages")
  }

  func finishCopy(_ from: ByteRange, _ to: ByteRange, succeeded: Bool) throws(SimulationFailure) {
    if let copy = pendingCopies.first(where: { $0.target.overlaps(to.offset, to.end) }), succeeded {
      copy.rest -= to.length
      if copy.rest == 0 { end(copy) }
    }
    for snapshot in snapshots { noteFilled(snapshot) }
    try dropUnfilled()
  }

  private func end(_ copy: PendingModelCopy) {
    pendingCopies.removeAll { $0 === copy }
    copy.source.blobs -= 1
    copy.target.blobs -= 1
    listExtents()
  }

  /// Deletes what could not be filled, as the server does.
  func dropUnfilled() throws(SimulationFailure) {
    for copy in pendingCopies where !store.isCopying(to: copy.target.offset) { end(copy) }
    for volume in volumes where volume.volume.fillFailure != nil && !volume.volume.isBeingFilled {
      try deleteVolume(volume)
    }
    for snapshot in snapshots where snapshot.volume.fillFailure != nil && !snapshot.volume.isBeingFilled {
      noteFilled(snapshot)
      deleteSnapshot(snapshot)
    }
  }
}
