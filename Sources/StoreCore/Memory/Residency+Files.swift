/// Pages of one memory file.
struct FilePages {
  /// Numbers of its blocks; empty when the file is gone.
  var blocks: Range<Int>
  /// The first block of those for small blobs; behind the last one where sizes are not kept apart.
  let firstSmall: Int
  /// Warm blocks of it that no extent uses.
  private(set) var spare = 0
  /// Those of them that are for small blobs.
  private(set) var smallSpare = 0
  /// The blocks at which the search for a cold unused block starts, among those for large and for small blobs.
  var coldHint: Int
  var smallHint: Int
  /// Whether it is to end, or is ending.
  var isEnding = false
  /// Blocks that came into use lately, fewer with each second.
  var recent = 0

  init(blocks: Range<Int>, firstSmall: Int? = nil) {
    self.blocks = blocks
    self.firstSmall = firstSmall ?? blocks.upperBound
    coldHint = blocks.lowerBound
    smallHint = self.firstSmall
  }

  /// Notes that a block lacks pages and nobody uses it.
  mutating func noteCold(_ block: Int) {
    if block < firstSmall { coldHint = min(coldHint, block) } else { smallHint = min(smallHint, block) }
  }

  /// Counts spare blocks, all of which are for small blobs or none.
  mutating func countSpare(_ change: Int, at block: Int) {
    spare += change
    if block >= firstSmall { smallSpare += change }
  }

  /// No block of it is spare any more.
  mutating func clearSpare() { (spare, smallSpare) = (0, 0) }
}

/// Bytes of a blob that are copied to another file.
struct PendingCopy {
  let number: UInt64
  /// The rest of the bytes that no job was handed out for.
  var from: ByteRange
  var to: ByteRange
}

/// Files that come and go.
extension Residency {
  /// The first address behind all files that there ever were.
  var endOfAddresses: UInt64 { UInt64(states.count) * Self.blockSize }

  /// Bytes of blocks that blobs do not use.
  var freeBytes: UInt64 { UInt64(commitLimit - min(commitLimit, usedBlocks)) * Self.blockSize }

  /// Whether a blob could have blocks of its own.
  func hasRoom(for size: UInt64) -> Bool { size <= freeBytes && freeBytes > 0 }

  /// Takes a file in.
  ///
  /// - Parameters:
  ///   - range: whole blocks that no file has, at most at the end of all.
  ///   - slot: of the file.
  ///   - smallStart: the first address for small blobs.
  mutating func addFile(_ range: ByteRange, _ slot: Int, smallStart: UInt64) {
    let blocks = blocks(range)
    ensure(blocks.lowerBound <= states.count, "a file begins at block \(blocks.lowerBound) of \(states.count)")
    if blocks.upperBound > states.count {
      states.append(contentsOf: repeatElement(.cold, count: blocks.upperBound - states.count))
      addUses(blocks.upperBound - uses.count)
    }
    while files.count <= slot { files.append(FilePages(blocks: 0..<0)) }
    files[slot] = FilePages(blocks: blocks, firstSmall: Int(smallStart / Self.blockSize))
    slots.insert(slot, at: index(ofBlock: blocks.lowerBound))
  }

  /// The place in `slots` of the first file that does not end before a block.
  private func index(ofBlock block: Int) -> Int {
    var (low, high) = (0, slots.count)
    while low < high {
      let middle = (low + high) / 2
      if files[slots[middle]].blocks.upperBound <= block { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The slot of the file that a range is in.
  func slot(of range: ByteRange) -> Int {
    let block = Int(range.offset / Self.blockSize)
    let index = index(ofBlock: block)
    ensure(
      index < slots.count && files[slots[index]].blocks.contains(block), "no file has the address \(range.offset)")
    return slots[index]
  }

  // MARK: - Spare blocks

  /// Spare blocks that a file is to keep warm.
  ///
  /// Half of them lie in a file that is nobody's yet, for a volume that is written to for the first time; the other half
  /// is for everybody outside of volumes. The volume that wrote last has as many ahead of it as it took lately.
  func target(of file: Int) -> Int {
    let half = keptBlocks / 2
    if file == spareFile { return half }
    if file == 0 { return spareFile == nil ? keptBlocks : keptBlocks - half }
    return file == frontFile ? min(half, files[file].recent) : 0
  }

  /// Notes that a volume has taken blocks into use.
  mutating func noteTaken(_ blocks: Int, in file: Int) {
    files[file].recent += blocks
    frontFile = file
  }

  /// Forgets half of what volumes took lately.
  mutating func ageTaken() {
    for file in slots.dropFirst() where files[file].recent > 0 { files[file].recent /= 2 }
  }

  /// Files in the order in which they give spare blocks back: those first that have more than they are to keep.
  func filesWithSpare() -> [Int] {
    let files = slots.reversed().filter { self.files[$0].spare > 0 }
    return files.filter { self.files[$0].spare > target(of: $0) }
      + files.filter { self.files[$0].spare <= target(of: $0) }
  }

  /// Populates ahead: first for the volume that writes, then for one that may begin to, then for everybody else.
  mutating func nextReserveJob() -> Job? {
    guard !isExhausted else { return nil }
    // With *all* there is nothing more to populate once the whole reserve has pages, used or not.
    if mode == .all { return populateAhead(in: 0, keptBlocks - committedBlocks) }
    for step in 0..<3 {
      guard let file = step == 0 ? frontFile : step == 1 ? spareFile : 0 else { continue }
      let small = min(Self.smallAhead, target(of: file)) - files[file].smallSpare
      if small > 0, let job = populateAhead(in: file, small, forSmall: true) { return job }
      guard files[file].spare < target(of: file) else { continue }
      if let job = populateAhead(in: file, target(of: file) - files[file].spare) { return job }
      if file == spareFile, committedBlocks >= commitLimit, let job = releaseExcess() { return job }
    }
    return nil
  }

  /// Blocks that are kept warm for small blobs.
  static let smallAhead = 2

  private mutating func populateAhead(in file: Int, _ lacking: Int, forSmall: Bool = false) -> Job? {
    let lacking = min(lacking, commitLimit - committedBlocks)
    guard lacking > 0, let run = nextColdRun(in: file, atMost: lacking, forSmall: forSmall) else { return nil }
    return populate(run, urgent: false)
  }

  /// Gives back spare blocks that no file is to keep; others would be populated again at once.
  mutating func releaseExcess(atMost limit: Int = jobBlocks) -> Job? {
    for file in filesWithSpare() {
      let excess = files[file].spare - target(of: file)
      if excess > 0, let job = releaseHighestSpare(of: file, atMost: min(limit, excess)) { return job }
    }
    return nil
  }

  // MARK: - The end of a file

  /// Ends a file that no extent uses any more.
  mutating func endFile(_ slot: Int) {
    guard !files[slot].isEnding else { return }
    files[slot].isEnding = true
    files[slot].recent = 0
    if frontFile == slot { frontFile = nil }
    ending.append(slot)
  }

  /// A file ends when no other job is at its pages.
  mutating func nextEndingJob() -> Job? {
    guard
      let index = ending.firstIndex(where: { slot in
        files[slot].blocks.allSatisfy { states[$0] == .cold || states[$0] == .warm }
      })
    else { return nil }
    let slot = ending.remove(at: index)
    for block in files[slot].blocks where states[block] == .warm { states[block] = .releasing }
    spareBlocks -= files[slot].spare
    files[slot].clearSpare()
    return .end(bytes(files[slot].blocks))
  }

  /// Notes that a file has ended.
  ///
  /// - Returns: its slot; nil when the file is gone already.
  mutating func finishEnd(_ range: ByteRange) -> Int? {
    isExhausted = false
    let slot = slot(of: range)
    guard files[slot].isEnding else { return nil }
    for block in files[slot].blocks where states[block] == .releasing {
      states[block] = .cold
      committedBlocks -= 1
    }
    slots.removeAll { $0 == slot }
    if frontFile == slot { frontFile = nil }
    files[slot] = FilePages(blocks: 0..<0)
    return slot
  }

  // MARK: - Copying

  /// Bytes of one job, so that an urgent one never waits long.
  private static let copiedBytes: UInt64 = 32 << 20

  /// Copies bytes as soon as there are pages for them.
  ///
  /// - Parameter to: an extent that is in use until the copying ends.
  mutating func copy(_ from: ByteRange, to: ByteRange, number: UInt64) {
    copies.append(PendingCopy(number: number, from: from, to: to))
    if !isWarm(to) { demand(to) }
  }

  mutating func nextCopyJob() -> Job? {
    for index in copies.indices.prefix(16) {
      let copy = copies[index]
      let length = min(copy.to.length, Self.copiedBytes)
      let to = ByteRange(offset: copy.to.offset, length: length)
      guard isWarm(to) else { continue }
      if length == copy.to.length {
        copies.remove(at: index)
      } else {
        copies[index].from = ByteRange(offset: copy.from.offset + length, length: copy.from.length - length)
        copies[index].to = ByteRange(offset: to.end, length: copy.to.length - length)
      }
      return .copy(ByteRange(offset: copy.from.offset, length: length), to: to, number: copy.number)
    }
    return nil
  }
}
