/// The files of the tenants: where blobs go, and the beginning and end of each file.
extension MemoryPool {
  /// Key of the file that the store has from the start.
  static let firstKey = 1

  /// Bytes of the part for large blobs of a tenant's first file: the least, and the most.
  private static let smallestHalf: UInt64 = 64 << 20
  private static let largestHalf: UInt64 = 4 << 30

  struct Placement {
    let file: Int32
    let handle: Int32
    let range: ByteRange
    let isSmall: Bool
  }

  /// Takes bytes of one of a tenant's files; a new file is made when none has a gap.
  mutating func place(_ size: UInt64, in tenant: UInt64) -> Placement? {
    if tenant != 0, size >= Residency.blockSize, let found = placeInSpareFile(size, for: tenant) { return found }
    if let slots = tenants[tenant]?.files {
      for slot in slots { if let found = place(size, inFile: slot) { return found } }
    }
    guard isSeparated, residency.hasRoom(for: size), let slot = addFile(for: tenant, fitting: size) else { return nil }
    return place(size, inFile: slot)
  }

  /// The first large blob of a volume gets the spare file: those that write little leave it to others.
  private mutating func placeInSpareFile(_ size: UInt64, for tenant: UInt64) -> Placement? {
    guard let spare = residency.spareFile, tenants[tenant]?.hadSpare != true, residency.hasRoom(for: size),
      let found = place(size, inFile: Int32(spare))
    else { return nil }
    residency.spareFile = nil
    files[spare]?.tenant = tenant
    tenants[tenant, default: MemoryTenant(files: [])].files.append(Int32(spare))
    tenants[tenant]?.hadSpare = true
    return found
  }

  private mutating func place(_ size: UInt64, inFile slot: Int32) -> Placement? {
    let isSmall = files[Int(slot)]?.isSmall(size) ?? false
    guard let (handle, address) = files[Int(slot)]?.allocate(size, isSmall: isSmall) else { return nil }
    let length = isSmall ? files[Int(slot)]?.small?.size(handle) : files[Int(slot)]?.large.size(handle)
    return Placement(
      file: slot, handle: handle, range: ByteRange(offset: address, length: length ?? 0), isSmall: isSmall)
  }

  mutating func giveBack(_ handle: Int32, _ slot: Int32, isSmall: Bool) {
    if isSmall { files[Int(slot)]?.small?.free(handle) } else { files[Int(slot)]?.large.free(handle) }
  }

  /// - Returns: bytes that the extent has now.
  mutating func shrink(_ handle: Int32, _ slot: Int, isSmall: Bool, to size: UInt64) -> UInt64 {
    if isSmall {
      files[slot]?.small?.shrink(handle, to: size)
      return files[slot]?.small?.size(handle) ?? 0
    }
    files[slot]?.large.shrink(handle, to: size)
    return files[slot]?.large.size(handle) ?? 0
  }

  // MARK: - Files

  var firstFile: MemoryFilePlace { place(ofFile: 0) }

  /// The place of the file that an extent is in.
  func place(of id: ExtentID) -> MemoryFilePlace { place(ofFile: extents[Int(id.slot)].file) }

  private func place(ofFile slot: Int32) -> MemoryFilePlace {
    guard let file = files[Int(slot)] else {
      ensure(false, "an extent is in file \(slot), which is gone")
      return MemoryFilePlace(key: 0, start: 0, length: 0)
    }
    return file.place
  }

  /// Whether clients of a tenant may write to the file that has a key; nil when they may not even read it.
  ///
  /// Who has a blob in a closed file reads it, whoever made it.
  func mayWrite(_ key: Int, _ tenant: UInt64) -> Bool? {
    guard let file = files.first(where: { $0?.place.key == key }) ?? nil else { return nil }
    if file.isClosed { return false }
    return file.tenant == (isSeparated ? tenant : 0) ? true : nil
  }

  /// Whether clients may still write to the file of an extent, those of one volume alone: others get copies.
  func isWritable(_ id: ExtentID) -> Bool { isWritable(inFile: extents[Int(id.slot)].file) }

  func isWritable(inFile slot: Int32) -> Bool { isSeparated && files[Int(slot)]?.isClosed == false }

  /// Bytes of the files that a tenant gets first, and of spare ones.
  var firstLength: UInt64 {
    let half = min(max(limit / 4, Self.smallestHalf), Self.largestHalf)
    return 2 * ((half + Residency.blockSize - 1) / Residency.blockSize * Residency.blockSize)
  }

  /// Files of one tenant: whoever cuts up that many on purpose has a blob refused.
  private static let mostFiles = 8

  /// Makes a file for a tenant, four times as large as the one before, in which a blob of `size` bytes fits.
  ///
  /// Few lengths occur, so that addresses are used again.
  private mutating func addFile(for tenant: UInt64, fitting size: UInt64) -> Int32? {
    guard tenants[tenant]?.files.count ?? 0 < Self.mostFiles else { return nil }
    let last = tenants[tenant]?.files.last.flatMap { files[Int($0)]?.place.length }
    let block = Residency.blockSize
    let needed = 2 * ((size + block - 1) / block * block + block)
    let most = max(2 * ((limit + block - 1) / block * block + block), firstLength)
    var length = firstLength
    while length < max(needed, last.map { min($0 * 4, most) } ?? 0) { length *= 2 }
    guard let slot = makeFile(length: length, for: tenant) else { return nil }
    tenants[tenant, default: MemoryTenant(files: [])].files.append(slot)
    return slot
  }

  /// Makes the file that is nobody's yet, once there are volumes that may want it.
  mutating func prepareSpareFile() {
    guard expectsTenants, residency.spareFile == nil, residency.mode == .ahead, residency.keptBlocks > 1 else { return }
    residency.spareFile = makeFile(length: firstLength, for: nil).map { Int($0) }
    // One that cannot be made is not tried again for each job.
    if residency.spareFile == nil { expectsTenants = false }
  }

  private mutating func makeFile(length: UInt64, for tenant: UInt64?) -> Int32? {
    let start = freeAddresses[length]?.popLast() ?? residency.endOfAddresses
    let place = MemoryFilePlace(key: lastFile + 1, start: start, length: length)
    guard openFile(place) else {
      if start < residency.endOfAddresses { freeAddresses[length, default: []].append(start) }
      return nil
    }
    lastFile += 1
    let file = MemoryFile(place, of: tenant, separatesSizes: true)
    let slot: Int
    if let unused = files.firstIndex(where: { $0 == nil }) {
      slot = unused
      files[slot] = file
    } else {
      slot = files.count
      files.append(file)
    }
    residency.addFile(place.addresses, slot, smallStart: place.start + file.smallStart)
    return Int32(slot)
  }

  /// Notes that an extent of a file is gone; a closed file ends with its last one.
  mutating func noteDropped(from slot: Int) {
    files[slot]?.extents -= 1
    endIfUnused(slot)
  }

  private mutating func endIfUnused(_ slot: Int) {
    if files[slot]?.isClosed == true, files[slot]?.extents == 0 { residency.endFile(slot) }
  }

  /// Ends a tenant: nothing is allocated for it any more, and its files go with their last extents.
  public mutating func closeTenant(_ tenant: UInt64) {
    guard isSeparated, tenant != 0, let closed = tenants.removeValue(forKey: tenant) else { return }
    for slot in closed.files {
      files[Int(slot)]?.isClosed = true
      endIfUnused(Int(slot))
    }
  }

  /// Notes that the system has back what a closed file had: its addresses are free.
  mutating func finishEnd(_ range: ByteRange) {
    guard let slot = residency.finishEnd(range), let file = files[slot] else { return }
    ensure(file.extents == 0, "a file with \(file.extents) extents is gone")
    freeAddresses[file.place.length, default: []].append(file.place.start)
    files[slot] = nil
  }

  // MARK: - Retained bytes of each tenant

  /// Bytes of a tenant's deleted blobs that its clients still map.
  func retained(by tenant: UInt64) -> UInt64 { tenants[tenant]?.retained ?? 0 }

  /// The volume that a file is of, until it is closed; nil for what is everybody else's.
  private func owner(ofFile slot: Int) -> UInt64? {
    guard files[slot]?.isClosed == false, let tenant = files[slot]?.tenant, tenant != 0 else { return nil }
    return tenant
  }

  mutating func noteRetained(_ bytes: UInt64, in slot: Int) {
    guard let tenant = owner(ofFile: slot) else { return }
    tenants[tenant]?.retained += bytes
  }

  mutating func noteUnretained(_ bytes: UInt64, in slot: Int) {
    guard let tenant = owner(ofFile: slot) else { return }
    tenants[tenant]?.retained -= bytes
  }
}
