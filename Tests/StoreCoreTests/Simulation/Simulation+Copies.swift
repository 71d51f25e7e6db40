import SeededRandom
import StoreCore
import StoreProtocol

/// Copies of blobs of another store, which come and go.
extension Simulation {
  /// The other store.
  private static let elsewhere: UInt64 = 9

  static let record = InstanceRecord(
    hostID: 1, hostname: "there", nodename: "there", socketPath: "/there", rpcEndpoint: "there:1", timestamp: 0)

  func copyStep() throws(SimulationFailure) {
    switch random.number(below: 12) {
    case 0...3: try beginCopy()
    case 4...6: try finishCopy()
    case 7...10: try useCopy()
    default: try loseCopies()
    }
  }

  /// Few, so that they come again.
  private func anyOriginal() -> RemoteBlob {
    RemoteBlob(instance: Self.elsewhere, id: ObjectID(1 << 63 | UInt64(300 + random.number(below: 6))))
  }

  /// Bytes of all copies, those on their way included.
  private var copyBytes: UInt64 {
    root.blobs.values.reduce(incoming.reduce(0) { $0 + $1.extent.charged }) { $1.isCopy ? $0 + $1.charged : $0 }
  }

  private func beginCopy() throws(SimulationFailure) {
    let (original, size) = (anyOriginal(), anySize())
    begin("make room for \(size) bytes of \(original.id)")
    let result = try attemptAllocation { try CopyCreation([(original, size)], in: store.root).finish(store) }
    switch result {
    case .failure(let error): try checkCopyRefusal(error, max(size, 1))
    case .success(let copies):
      guard copies.count == 1, copies[0].range.length == size else { throw failure("got \(copies)") }
      let extent = ModelExtent(offset: copies[0].range.offset, size: max(size, 1))
      try checkFree(extent)
      extents.append(extent)
      incoming.append((copies[0], extent))
      try check(copyBytes <= store.cache.limit, "copies take \(copyBytes) bytes")
    }
  }

  /// A refusal is right only when copies may not take so much, or others leave no room.
  private func checkCopyRefusal(_ error: StoreError, _ size: UInt64) throws(SimulationFailure) {
    record(error.message)
    try check(error.code == .notEnoughMemory, "failed with \(error)")
    if copyBytes + size > store.cache.limit { return }
    if used + retained - reusable + size > configuration.limit || lacksPages(for: [size]) { return }
    if configuration.separatesTenants { throw failure("refused \(size) although there is room") }
    try check(largestGap < size, "refused \(size) although \(largestGap) bytes are free in a row")
  }

  private func finishCopy() throws(SimulationFailure) {
    guard !incoming.isEmpty else { return }
    let (copy, extent) = incoming.remove(at: random.number(below: incoming.count))
    let isComplete = !random.oneIn(4)
    begin("\(isComplete ? "finish" : "give up") the copy of \(copy.original.id)")
    let isFirst = copies[copy.original] == nil
    store.finish(copy, isComplete: isComplete)
    guard isComplete, isFirst else {
      extent.blobs -= 1
      return listExtents()
    }
    guard let id = store.copy(of: copy.original, in: store.root), root.blobs[id] == nil else {
      throw failure("there is no copy of \(copy.original.id)")
    }
    record("\(id)")
    let blob = ModelBlob(extent, size: copy.range.length, writer: nil)
    blob.charged = extent.charged
    blob.isSealed = true
    blob.isCopy = true
    root.blobs[id] = blob
    root.known.append(id)
    copies[copy.original] = id
  }

  private func useCopy() throws(SimulationFailure) {
    guard let client = random.pick(clients.filter { $0.session === root }) else { return }
    let original = anyOriginal()
    begin("use the copy of \(original.id) by client \(client.number)")
    let isThere = store.grantCopy(of: original, to: client.handle)
    let id = copies[original]
    try check(isThere == (id != nil), "\(original.id) has \(isThere ? "a" : "no") copy")
    if let id, let blob = root.blobs[id] { client.give(id, blob.extent) }
  }

  private func loseCopies() throws(SimulationFailure) {
    begin("the other store goes, and comes again")
    store.setInstance(Self.elsewhere, nil)
    for id in copies.values { remove(id, in: root, by: nil) }
    copies.removeAll()
    try check(store.cache.count == 0, "\(store.cache.count) copies are left")
    store.setInstance(Self.elsewhere, Self.record)
  }

  /// Follows the store in letting copies go: none that somebody maps.
  func followEvictions() throws(SimulationFailure) {
    for (original, id) in copies.sorted(by: { $0.key < $1.key }) where store.copy(of: original, in: store.root) == nil {
      try check(root.blobs[id]?.extent.grants == 0, "the copy \(id) has gone although somebody maps it")
      remove(id, in: root, by: nil)
    }
  }

  /// Gives up everything that is on its way.
  func giveUpCopies() {
    for (copy, extent) in incoming {
      store.finish(copy, isComplete: false)
      extent.blobs -= 1
    }
    incoming.removeAll()
    listExtents()
  }

  /// Makes blobs the store's own that an object names, in the order of its members.
  ///
  /// - Returns: the code of the refusal when a volume may not have so much.
  func keepCopies(_ ids: [ObjectID], in session: ModelSession, for volume: ModelVolume?) -> StatusCode? {
    for id in ids {
      guard let blob = session.blobs[id], blob.isCopy else { continue }
      if let volume, used(by: volume) + blob.charged > volume.limit { return .notEnoughMemory }
      blob.isCopy = false
      blob.payer = volume
      copies = copies.filter { $0.value != id }
    }
    return nil
  }
}
