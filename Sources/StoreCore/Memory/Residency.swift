/// A range of addresses; see ``MemoryFilePlace``.
public struct ByteRange: Equatable, Sendable {
  public let offset: UInt64
  public let length: UInt64

  public init(offset: UInt64, length: UInt64) {
    self.offset = offset
    self.length = length
  }

  public var end: UInt64 { offset + length }
}

/// Treatment of the page faults of clients.
public enum PopulateMode: String, CaseIterable, Sendable {
  /// A background thread keeps a warm reserve ahead of the allocations.
  case ahead
  /// Everything is populated before the socket opens.
  case all
  /// Clients take the faults.
  case off
}

/// State of the pages of each block of all memory files, and the jobs of the page worker that follow from it.
///
/// A block is 2 MiB. *Warm* blocks have their pages allocated and zeroed; *cold* ones have none. Blocks are numbered by
/// their addresses; each belongs to one file, and all files share one limit.
public struct Residency {
  /// Bytes.
  public static let blockSize: UInt64 = 2 << 20
  /// Blocks per job, so that an urgent job never waits long.
  static let jobBlocks = 16

  enum State: UInt8 {
    case cold, populating, warm, releasing
  }

  /// Job of the page worker.
  public enum Job: Equatable, Sendable {
    case populate(ByteRange, urgent: Bool)
    /// Overwrites the bytes of former owners with zeroes.
    case zero([ByteRange])
    /// Gives the pages of unused blocks back to the system.
    case release(ByteRange)
    /// Ends the file that has these addresses, with all its pages.
    case end(ByteRange)
    /// Copies bytes to where pages are.
    case copy(ByteRange, to: ByteRange, number: UInt64)
  }

  /// Bytes of the first file, in which several owners follow each other.
  let length: UInt64
  let mode: PopulateMode
  /// Blocks that may have pages at the same time.
  let commitLimit: Int
  let reserve: Int
  var states: ContiguousArray<State>
  /// Extents that overlap a block.
  private(set) var uses: ContiguousArray<UInt32>
  /// Owners of the bytes that are in the blocks.
  var traces: Traces
  var demanded: [Range<Int>] = []
  /// Pages of each file, by its slot.
  var files: ContiguousArray<FilePages> = []
  /// Slots of files, in the order of their blocks.
  var slots: [Int] = []
  /// The file that is nobody's yet.
  var spareFile: Int?
  /// The file of a volume whose blocks came into use last.
  var frontFile: Int?
  /// Slots of files that are to end.
  var ending: [Int] = []
  /// Copying that is to be done, the oldest first.
  var copies: [PendingCopy] = []

  /// Blocks that extents use, with or without pages.
  private(set) var usedBlocks = 0
  /// Blocks with pages, those being populated or released included.
  public internal(set) var committedBlocks = 0
  /// Warm blocks that no extent uses.
  public internal(set) var spareBlocks = 0
  /// Whether populating ahead rests and the reserve may be given back too: somebody asked for the memory.
  public var isTrimmed = false
  /// Set when the system refused pages; populating ahead then waits for a release.
  public internal(set) var isExhausted = false

  /// - Parameters:
  ///   - length: bytes of the arena.
  ///   - commit: bytes that may have pages at the same time.
  ///   - reserve: bytes of them kept warm ahead of the allocations, or populated at the start.
  public init(length: UInt64, commit: UInt64, reserve: UInt64, mode: PopulateMode) {
    let count = Int((length + Self.blockSize - 1) / Self.blockSize)
    self.length = length
    self.mode = mode
    commitLimit = min(count, Int((min(commit, length) + Self.blockSize - 1) / Self.blockSize))
    self.reserve = min(Int(reserve / Self.blockSize), commitLimit)
    states = ContiguousArray(repeating: .cold, count: count)
    uses = ContiguousArray(repeating: 0, count: count)
    traces = Traces(blocks: count)
    files = [FilePages(blocks: 0..<count)]
    slots = [0]
  }

  /// Bytes that have pages.
  public var committedBytes: UInt64 { UInt64(committedBlocks) * Self.blockSize }

  func blocks(_ range: ByteRange) -> Range<Int> {
    Int(range.offset / Self.blockSize)..<Int((range.end + Self.blockSize - 1) / Self.blockSize)
  }

  func bytes(_ blocks: Range<Int>) -> ByteRange {
    let start = UInt64(blocks.lowerBound) * Self.blockSize
    let end = UInt64(blocks.upperBound) * Self.blockSize
    // Only the first file may end within a block.
    return ByteRange(offset: start, length: (start < length ? min(end, length) : end) - start)
  }

  /// Notes that an extent uses `range`.
  ///
  /// - Parameters:
  ///   - owner: the owner, which may see its own former bytes; nil when the range has its owner already.
  ///   - file: slot of the file it is in.
  /// - Returns: false when extents would use more blocks than may be committed; then nothing is noted.
  public mutating func retain(_ range: ByteRange, for owner: UInt64? = nil, in file: Int = 0) -> Bool {
    let blocks = blocks(range)
    var added = 0
    var spare = 0
    for block in blocks where uses[block] == 0 {
      added += 1
      if states[block] == .warm { spare += 1 }
    }
    // Blocks nobody uses can be given back, so only used ones count, whether they have their pages yet or not.
    if added > 0, usedBlocks + added > commitLimit { return false }
    usedBlocks += added
    spareBlocks -= spare
    files[file].countSpare(-spare, at: blocks.lowerBound)
    if file == 0 {
      if let owner { traces.mark(range, blocks, owner) }
    } else if added > 0 {
      noteTaken(added, in: file)
    }
    for block in blocks {
      uses[block] += 1
      if mode == .off, states[block] == .cold {
        states[block] = .warm
        committedBlocks += 1
      }
    }
    return true
  }

  /// Notes that an extent does not use `range` of a file any more.
  public mutating func release(_ range: ByteRange, in file: Int = 0) {
    for block in blocks(range) {
      ensure(uses[block] > 0, "block \(block) is given up by nobody who used it")
      uses[block] -= 1
      guard uses[block] == 0 else { continue }
      usedBlocks -= 1
      if states[block] == .warm {
        spareBlocks += 1
        files[file].countSpare(1, at: block)
      }
      if states[block] == .cold { files[file].noteCold(block) }
      if file == 0 { traces.noteSpare(block) }
    }
  }

  /// Keeps blocks of the first file from an offset on for small blobs.
  mutating func separateSizes(at offset: UInt64) {
    files[0] = FilePages(blocks: files[0].blocks, firstSmall: Int(offset / Self.blockSize))
  }

  /// Makes room for the uses of blocks of a new file.
  mutating func addUses(_ count: Int) { uses.append(contentsOf: repeatElement(0, count: count)) }

  /// Whether all of `range` has pages, and none of them bytes that others have left.
  public func isWarm(_ range: ByteRange) -> Bool {
    for block in blocks(range) where states[block] != .warm || traces.isPending(block) { return false }
    return true
  }

  /// Whether a range still lacks pages, or has bytes that others have left, in a block that an extent uses.
  ///
  /// Nobody works for blocks without extents: whoever waits for the pages of a blob that is gone waits for nothing.
  public func isAwaited(_ range: ByteRange) -> Bool {
    for block in blocks(range) where uses[block] > 0 {
      if states[block] != .warm || traces.isPending(block) { return true }
    }
    return false
  }

  /// Whether nothing of a range is still to be zeroed.
  public func isClean(_ range: ByteRange) -> Bool { !blocks(range).contains { traces.isPending($0) } }

  /// Short ranges that are to be zeroed before anything else happens, since the last call.
  public mutating func takeShortTraces() -> [ByteRange] { traces.takeShort() }

  /// Notes that an owner is gone: nobody may see its bytes any more.
  public mutating func forgetOwner(_ owner: UInt64) {
    let uses = uses
    traces.forget(owner) { uses[$0] == 0 }
  }

  /// Notes that a second has passed: blocks that their owner leaves alone for longer are cleaned for others.
  public mutating func passTime() {
    traces.passTime()
    ageTaken()
  }

  /// Notes that a zero job ended; `succeeded` false means that clients that wait for it are to be refused.
  public mutating func finishZero(_ ranges: [ByteRange], succeeded: Bool = true) {
    let uses = uses
    for range in ranges { traces.finish(range, succeeded: succeeded) { uses[$0] == 0 } }
  }
}

/// Owners of the bytes left in the blocks of the first file, and the zeroing that is due before others get them. Files of
/// one tenant need none of it: nobody else has written there.
///
/// A block without pages, or never given out, is *clean*. One that only one owner has used may be given to that owner
/// again as it is. For everybody else, a range that is given out is zeroed first: a short one at once, a long one by
/// the page worker while the client waits. To make such waits rare, blocks that nobody uses are cleaned in the
/// background: at once when their owner is gone or several have used them, else when their owner has not come back for
/// a while.
struct Traces {
  /// Bytes that may be zeroed at once, for all blobs of a request.
  static let shortBytes: UInt64 = 128 << 10
  /// Bytes and ranges of one job, so that an urgent one never waits long.
  private static let jobBytes: UInt64 = 32 << 20
  private static let jobRanges = 4096

  private static let clean = UInt64.max
  /// Several owners, or one that is gone.
  private static let nobody = UInt64.max - 1

  private var owners: ContiguousArray<UInt64>
  /// Ranges that are to be zeroed and overlap a block.
  private(set) var pending: ContiguousArray<UInt32>
  private var wanted: [ByteRange] = []
  private var position = 0
  private var short: [ByteRange] = []
  private var shortTotal: UInt64 = 0
  /// Blocks that may be ownerless and spare, the latest last.
  private var candidates: [Int] = []
  /// A number that grows with time.
  private var moment: UInt32 = 2
  /// Moment at which each block last became spare.
  private var spareSince: ContiguousArray<UInt32>
  /// Blocks that became spare, in that order, and when.
  private var spare: [(block: Int, moment: UInt32)] = []
  private var nextSpare = 0

  init(blocks: Int) {
    owners = ContiguousArray(repeating: Self.clean, count: blocks)
    pending = ContiguousArray(repeating: 0, count: blocks)
    spareSince = ContiguousArray(repeating: 0, count: blocks)
  }

  /// Whether a block of any file is still to be zeroed.
  func isPending(_ block: Int) -> Bool { block < pending.count && pending[block] > 0 }

  /// Notes that `owner` gets a range, and that bytes of others in it are to be zeroed.
  mutating func mark(_ range: ByteRange, _ blocks: Range<Int>, _ owner: UInt64) {
    var start: UInt64?
    for block in blocks {
      let lower = max(range.offset, UInt64(block) * Residency.blockSize)
      if owners[block] == Self.clean || owners[block] == owner {
        if let from = start { want(from, lower) }
        start = nil
        owners[block] = owner
      } else {
        if start == nil { start = lower }
        let isWhole = lower % Residency.blockSize == 0 && range.end >= UInt64(block + 1) * Residency.blockSize
        owners[block] = isWhole ? owner : Self.nobody
      }
    }
    if let from = start { want(from, range.end) }
  }

  private mutating func want(_ start: UInt64, _ end: UInt64) {
    let range = ByteRange(offset: start, length: end - start)
    if shortTotal + range.length <= Self.shortBytes {
      short.append(range)
      shortTotal += range.length
      return
    }
    wanted.append(range)
    for block in Self.blocks(range) { pending[block] += 1 }
  }

  private static func blocks(_ range: ByteRange) -> Range<Int> {
    Int(range.offset / Residency.blockSize)..<Int((range.end + Residency.blockSize - 1) / Residency.blockSize)
  }

  /// The short ranges since the last call.
  mutating func takeShort() -> [ByteRange] {
    guard !short.isEmpty else { return [] }
    defer {
      short.removeAll()
      shortTotal = 0
    }
    return short
  }

  /// The next ranges that clients wait for, cut so that a job doesn't take long.
  mutating func nextWanted() -> [ByteRange] {
    var found: [ByteRange] = []
    var bytes: UInt64 = 0
    while position < wanted.count, found.count < Self.jobRanges, bytes < Self.jobBytes {
      var range = wanted[position]
      if range.length > Self.jobBytes {
        // Both parts hold their blocks back until they are done.
        let rest = ByteRange(offset: range.offset + Self.jobBytes, length: range.length - Self.jobBytes)
        range = ByteRange(offset: range.offset, length: Self.jobBytes)
        wanted[position] = rest
        let shared = Self.blocks(range).upperBound - 1
        if Self.blocks(rest).lowerBound == shared { pending[shared] += 1 }
      } else {
        position += 1
      }
      found.append(range)
      bytes += range.length
    }
    if position == wanted.count {
      wanted.removeAll()
      position = 0
    }
    return found
  }

  /// Notes that a range was zeroed, or that this failed.
  mutating func finish(_ range: ByteRange, succeeded: Bool, isSpare: (Int) -> Bool) {
    let isWhole = range.offset % Residency.blockSize == 0
    for block in Self.blocks(range) {
      ensure(pending[block] > 0, "block \(block) was zeroed and nobody asked for it")
      pending[block] -= 1
      guard succeeded else {
        owners[block] = Self.nobody
        continue
      }
      let end = UInt64(block + 1) * Residency.blockSize
      if isWhole, range.end >= end || block == owners.count - 1, isSpare(block) {
        owners[block] = Self.clean
      }
    }
  }

  // MARK: - Cleaning in the background

  /// Notes that nobody uses a block any more.
  mutating func noteSpare(_ block: Int) {
    if owners[block] == Self.nobody {
      if candidates.last != block { candidates.append(block) }
    } else if spareSince[block] != moment {
      spareSince[block] = moment
      spare.append((block, moment))
    }
  }

  /// Lets blocks that are spare now count as left alone after two calls.
  mutating func passTime() { moment += 1 }

  /// Notes that an owner is gone.
  mutating func forget(_ owner: UInt64, isSpare: (Int) -> Bool) {
    for block in owners.indices where owners[block] == owner {
      owners[block] = Self.nobody
      if isSpare(block) { candidates.append(block) }
    }
  }

  /// Spare blocks that are to be cleaned; they count as to be zeroed from now on.
  mutating func nextSpare(atMost limit: Int, isSpareAndWarm: (Int) -> Bool) -> [Int] {
    var found: [Int] = []
    func take(_ block: Int) {
      guard owners[block] != Self.clean, pending[block] == 0, isSpareAndWarm(block) else { return }
      pending[block] += 1
      found.append(block)
    }
    while found.count < limit, let block = candidates.popLast() { take(block) }
    while found.count < limit, nextSpare < spare.count, spare[nextSpare].moment + 1 < moment {
      let (block, since) = spare[nextSpare]
      nextSpare += 1
      if spareSince[block] == since { take(block) }
    }
    if nextSpare * 2 > spare.count {
      spare.removeFirst(nextSpare)
      nextSpare = 0
    }
    return found
  }

  /// Notes that the pages of a block were given back, or that this failed.
  ///
  /// - Parameter isUsed: whether it was given out meanwhile.
  mutating func finishRelease(_ block: Int, succeeded: Bool, isUsed: Bool) {
    if succeeded {
      if !isUsed { owners[block] = Self.clean }
    } else {
      owners[block] = Self.nobody
    }
  }
}

extension Store {
  /// Keeps a warm reserve again: somebody writes.
  public func resumePopulating() { memory.residency.isTrimmed = false }

  /// Short ranges that are to be zeroed before new blobs are given out.
  public func takeShortTraces() -> [ByteRange] { memory.residency.takeShortTraces() }
}
