import StoreProtocol

/// Looking at the store from outside, for tests and diagnosis. Nothing here changes it.
extension Store {
  /// The blobs of a session and the bytes they take in the arena, in ascending order of the ids.
  public func liveRanges(in session: Session) -> [(id: ObjectID, range: ByteRange)] {
    session.blobs.map { (id: $0.key, range: memory.range($0.value.extent)) }.sorted { $0.id < $1.id }
  }

  /// The retained extents that may be taken back, in the order in which they would be.
  public var reusableRanges: [ByteRange] {
    var ranges: [ByteRange] = []
    var slot = memory.reusableExtents.first
    while slot != MemoryPool.none {
      ranges.append(memory.extents[Int(slot)].range)
      slot = memory.extents[Int(slot)].next
    }
    return ranges
  }

  /// Whether there is a memory file with a key.
  public func hasFile(_ key: Int) -> Bool { memory.files.contains { $0?.place.key == key } }

  /// Whether bytes are still copied to an address.
  public func isCopying(to address: UInt64) -> Bool {
    byteCopies.values.contains { memory.range($0.target).offset == address }
  }

  /// Contradictions in the bookkeeping, as sentences; empty in a sound store.
  ///
  /// Walks over everything: time grows with the number of extents, blobs, objects and names.
  public func inconsistencies() -> [String] {
    var found = allocatorInconsistencies() + extentInconsistencies() + residencyInconsistencies()
    found += readerInconsistencies() + usageInconsistencies() + copyInconsistencies()
    for session in sessions.values.sorted(by: { $0.id < $1.id }) {
      found += blobInconsistencies(session) + metadataInconsistencies(session) + nameInconsistencies(session)
    }
    return found
  }

  /// Extents that a blob or a client holds.
  private var heldExtents: [MemoryPool.Extent] {
    let unused = Set(memory.unusedSlots)
    return memory.extents.indices.filter { !unused.contains(Int32($0)) }.map { memory.extents[$0] }
  }

  private func allocatorInconsistencies() -> [String] {
    var found: [String] = []
    let held = Dictionary(grouping: heldExtents) { Int($0.file) }
    for (slot, file) in memory.files.enumerated() {
      guard let file else { continue }
      let extents = held[slot] ?? []
      if extents.count != file.extents {
        found.append("file \(slot) counts \(file.extents) of \(extents.count) extents")
      }
      let start = file.place.start
      for extent in extents where extent.range.offset < start || extent.range.end > start + file.place.length {
        found.append("the extent at \(extent.range.offset) is outside its file")
      }
      if file.isClosed == (file.tenant.map { memory.tenants[$0]?.files.contains(Int32(slot)) ?? false } ?? true) {
        found.append("file \(slot) is closed, or not, against the list of its tenant")
      }
      found += inconsistencies(file.large, file.smallStart, extents.count { !$0.isSmall })
      if let small = file.small {
        found += inconsistencies(small, file.place.length - file.smallStart, extents.count { $0.isSmall })
      }
    }
    return found
  }

  /// The extents follow each other without gap or overlap, no free one beside another, each free one in its list.
  private func inconsistencies(_ allocator: ExtentAllocator, _ length: UInt64, _ held: Int) -> [String] {
    let nodes = allocator.nodes
    var found: [String] = []
    var free: Set<Int32> = []
    var taken = 0
    var position: UInt64 = 0
    var node: Int32 = 0
    var isLowerFree = false
    while node != ExtentAllocator.none {
      let current = nodes[Int(node)]
      if current.offset != position { found.append("extent at \(current.offset) is expected at \(position)") }
      if current.size == 0 || current.size % ExtentAllocator.granularity != 0 {
        found.append("extent at \(position) has \(current.size) bytes")
      }
      if current.isFree, isLowerFree { found.append("free extents meet at \(position)") }
      if current.isFree { free.insert(node) } else { taken += 1 }
      isLowerFree = current.isFree
      position += current.size
      node = current.upper
    }
    if position != length { found.append("extents end at \(position)") }
    if taken != held { found.append("\(taken) extents are taken, \(held) are held") }
    var listed: Set<Int32> = []
    for head in allocator.heads {
      var node = head
      while node != ExtentAllocator.none, listed.insert(node).inserted { node = nodes[Int(node)].next }
    }
    if listed != free { found.append("\(listed.count) extents are listed as free, \(free.count) are") }
    return found
  }

  /// Contradictions between the extents and the bytes in use and retained, or the blobs that each extent counts.
  private func extentInconsistencies() -> [String] {
    var found: [String] = []
    var used: UInt64 = 0
    var retained: UInt64 = 0
    var blobs: Int32 = 0
    for extent in heldExtents {
      if extent.blobs > 0 { used += extent.charged } else { retained += extent.charged }
      blobs += extent.blobs
      if extent.blobs <= 0, extent.holders.isEmpty { found.append("nobody holds the extent at \(extent.range.offset)") }
      if extent.charged > max(extent.range.length, Residency.blockSize) {
        found.append("the extent at \(extent.range.offset) is too short")
      }
    }
    if used != memory.used { found.append("\(memory.used) bytes are said to be used, \(used) are") }
    var kept: [UInt64: UInt64] = [:]
    for extent in heldExtents where extent.blobs <= 0 && memory.isWritable(inFile: extent.file) {
      if let tenant = memory.files[Int(extent.file)]?.tenant, tenant != 0 { kept[tenant, default: 0] += extent.charged }
    }
    for (tenant, files) in memory.tenants where files.retained != kept[tenant] ?? 0 {
      found.append("volume \(tenant) is said to keep \(files.retained) bytes, not \(kept[tenant] ?? 0)")
    }
    if retained != memory.retained { found.append("\(memory.retained) bytes are noted as retained, \(retained) are") }
    let outside = log.retiredBlobs.count + cache.incoming.count + 2 * byteCopies.count
    let others = holds.values.reduce(outside) { $0 + $1.keptBlobs }
    let known = sessions.values.reduce(others) { $0 + $1.blobs.count }
    if known != Int(blobs) { found.append("extents count \(blobs) blobs, sessions \(known)") }
    return found
  }

  /// Each extent has as many readers as clients were given it.
  private func readerInconsistencies() -> [String] {
    var given: [ExtentID: Int] = [:]
    for client in clients.values {
      for grant in Array(client.reading.values) + client.staleGrants.map(\.grant) {
        given[grant.extent, default: 0] += 1
      }
      for extent in client.sending { given[extent, default: 0] += 1 }
    }
    let unused = Set(memory.unusedSlots)
    return memory.extents.indices.filter { !unused.contains(Int32($0)) }.compactMap { slot in
      let extent = ExtentID(slot: Int32(slot))
      let readers = given[extent] ?? 0
      if readers == memory.readers(extent) { return nil }
      return
        "the extent at \(memory.range(extent).offset) has \(memory.readers(extent)) readers, \(readers) were given it"
    }
  }

  /// Copies and the blobs they are of know each other, and take as many bytes as noted.
  private func copyInconsistencies() -> [String] {
    var found: [String] = []
    var bytes = cache.incoming.values.reduce(UInt64(0)) { $0 + memory.charged($1.extent) }
    var count = 0
    for session in sessions.values {
      for (id, blob) in session.blobs {
        guard let state = blob.copy else { continue }
        count += 1
        bytes += blob.charged
        if session.remoteCopies[state.original] != id { found.append("the session does not know the copy \(id)") }
        if cache.order[state.lastUse] != Place(session, id) { found.append("the copy \(id) is not in order") }
        if !blob.isSealed || blob.usage != nil { found.append("the copy \(id) belongs to somebody") }
      }
      for (original, id) in session.remoteCopies where session.blobs[id]?.copy?.original != original {
        found.append("\(id) is said to be a copy of \(original.id)")
      }
    }
    if count != cache.count { found.append("\(cache.count) copies are in order, \(count) are there") }
    if bytes != cache.bytes { found.append("\(cache.bytes) bytes are said to be copies, \(bytes) are") }
    if bytes > cache.limit { found.append("copies take \(bytes) bytes, \(cache.limit) are allowed") }
    return found
  }

  private func residencyInconsistencies() -> [String] {
    let residency = memory.residency
    var found: [String] = []
    var uses = [UInt32](repeating: 0, count: residency.states.count)
    for extent in heldExtents {
      let last = (extent.range.end + Residency.blockSize - 1) / Residency.blockSize
      for block in Int(extent.range.offset / Residency.blockSize)..<Int(last) { uses[block] += 1 }
    }
    if !residency.uses.elementsEqual(uses) { found.append("blocks are not used as often as noted") }
    let committed = residency.states.count { $0 != .cold }
    if committed != residency.committedBlocks { found.append("\(committed) blocks have pages") }
    let spare = zip(residency.states, uses).count { $0 == .warm && $1 == 0 }
    if spare != residency.spareBlocks { found.append("\(spare) blocks are spare, not \(residency.spareBlocks)") }
    for pages in residency.files {
      let spare = pages.blocks.count { residency.states[$0] == .warm && uses[$0] == 0 }
      let small = pages.blocks.count { $0 >= pages.firstSmall && residency.states[$0] == .warm && uses[$0] == 0 }
      if small != pages.smallSpare { found.append("\(pages.smallSpare) blocks for small blobs are not spare") }
      if spare != pages.spare { found.append("\(pages.spare) blocks of a file are said to be spare, \(spare) are") }
    }
    if uses.count(where: { $0 > 0 }) != residency.usedBlocks { found.append("the used blocks are miscounted") }
    return found
  }

  private func blobInconsistencies(_ session: Session) -> [String] {
    var found: [String] = []
    for (id, blob) in session.blobs.sorted(by: { $0.key < $1.key }) {
      let range = memory.range(blob.extent)
      if blob.offset != range.offset || blob.size > range.length { found.append("blob \(id) is outside its extent") }
      if blob.charged != memory.charged(blob.extent) { found.append("blob \(id) has not the size of its extent") }
      if blob.isSealed, blob.writer != nil { found.append("the sealed blob \(id) has a writer") }
      if let writer = blob.writer, !writer.writing.contains(id) { found.append("the writer of \(id) forgot it") }
    }
    return found
  }

  /// Every link is known in both directions and leads to something that was not deleted before its parent.
  private func metadataInconsistencies(_ session: Session) -> [String] {
    var found: [String] = []
    var edges: Set<[ObjectID]> = []
    for (id, record) in session.metadata.records {
      for link in record.links {
        // A member of another store that is not there any more has no id here.
        if case .signature(_, _, .invalid) = link.target { continue }
        edges.insert([link.id, id])
        // Where there are others, they may have deleted it, or not told of it yet.
        guard !link.id.isBlob, !session.metadata.contains(link.id), instances.ascending.count < 2 else { continue }
        found.append("\(id) lost its member \(link.id)")
      }
    }
    for edge in edges where !session.metadata.dependents(of: edge[0]).contains(edge[1]) {
      found.append("\(edge[0]) does not know that \(edge[1]) has it")
    }
    if edges.count != session.metadata.edgeCount { found.append("dependents differ from links") }
    let ascending = Array(session.metadata.ascending)
    if ascending != ascending.sorted() { found.append("objects are out of order") }
    return found.sorted()
  }

  private func nameInconsistencies(_ session: Session) -> [String] {
    var found: [String] = []
    var count = 0
    for (id, name) in session.names.all {
      count += 1
      if !session.metadata.contains(id) { found.append("\(id) is gone, but has names") }
      if session.names[name] != id { found.append("'\(name)' doesn't lead to \(id)") }
    }
    if count != session.names.count { found.append("\(count) names lead to objects, \(session.names.count) exist") }
    return found.sorted()
  }
}

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
          // A copy of what another store has is paid for there.
          if session.volume != nil, blob.copy == nil { found.append("nobody pays for \(id)") }
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
    for volume in Array(volumes.values) + Array(snapshots.values) + unseenCopies {
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
      found += clientInconsistencies(volume) + mappingInconsistencies(volume)
    }
    if !bytes.isEmpty || !objects.isEmpty { found.append("somebody who is gone has blobs or objects") }
    return found.sorted()
  }

  /// Copies that clients of a volume map are counted as often as they were given to them.
  private func mappingInconsistencies(_ volume: Volume) -> [String] {
    let usage = volume.usage
    var given: [ExtentID: Int] = [:]
    for client in clients.values where client.volume === volume {
      for grant in Array(client.reading.values) + client.staleGrants.map(\.grant) {
        if usage.mapped[grant.extent] != nil { given[grant.extent, default: 0] += 1 }
      }
    }
    var bytes: UInt64 = 0
    for (extent, copy) in usage.mapped {
      bytes += copy.bytes
      if given[extent] != copy.grants {
        return ["\(volume.id) counts \(copy.grants) grants of a copy, \(given[extent] ?? 0) were given"]
      }
    }
    return bytes == usage.mappedBytes ? [] : ["\(volume.id) maps copies of \(bytes) bytes, not \(usage.mappedBytes)"]
  }

  private func clientInconsistencies(_ volume: Volume) -> [String] {
    let connected = clients.values.count { $0.volume === volume }
    if volume.connections == connected { return [] }
    return ["\(volume.id) counts \(volume.connections) clients, \(connected) are connected"]
  }
}

/// Ends the process, in release builds too, when the bookkeeping contradicts itself.
///
/// Going on would give the bytes of one client to another. The message says what is broken and where that was noticed.
@inline(__always)
func ensure(
  _ holds: Bool, _ broken: @autoclosure () -> String, file: StaticString = #fileID, line: UInt = #line
) {
  if !holds { endBroken(broken(), file, line) }
}

@inline(never)
private func endBroken(_ broken: String, _ file: StaticString, _ line: UInt) -> Never {
  fatalError(
    "the store's bookkeeping is broken: \(broken) (\(file):\(line)). This is a bug of the store and no client's fault; "
      + "please report this line with the log before it.")
}
