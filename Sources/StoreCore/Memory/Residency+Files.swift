/// Pages of one memory file.
struct FilePages {
  /// Numbers of its blocks; empty when the file is gone.
  var blocks: Range<Int>
  /// Warm blocks of it that no extent uses.
  var spare = 0
  /// The block at which the search for a cold unused block starts.
  var coldHint: Int
  /// Whether it is to end, or is ending.
  var isEnding = false

  init(blocks: Range<Int>) {
    self.blocks = blocks
    coldHint = blocks.lowerBound
  }

  /// Notes that a block lacks pages and nobody uses it.
  mutating func noteCold(_ block: Int) { coldHint = min(coldHint, block) }
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
  mutating func addFile(_ range: ByteRange, _ slot: Int) {
    let blocks = blocks(range)
    ensure(blocks.lowerBound <= states.count, "a file begins at block \(blocks.lowerBound) of \(states.count)")
    if blocks.upperBound > states.count {
      states.append(contentsOf: repeatElement(.cold, count: blocks.upperBound - states.count))
      addUses(blocks.upperBound - uses.count)
    }
    while files.count <= slot { files.append(FilePages(blocks: 0..<0)) }
    files[slot] = FilePages(blocks: blocks)
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

  /// Files in the order in which they give spare blocks back.
  func filesWithSpare() -> [Int] { slots.reversed().filter { files[$0].spare > 0 } }

  // MARK: - The end of a file

  /// Ends a file that no extent uses any more.
  mutating func endFile(_ slot: Int) {
    guard !files[slot].isEnding else { return }
    files[slot].isEnding = true
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
    files[slot].spare = 0
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
