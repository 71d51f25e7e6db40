/// A byte range of the arena.
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

/// State of the pages of each block of the arena, and the jobs of the page worker that follow from it.
///
/// A block is 2 MiB. *Warm* blocks have their pages allocated and zeroed; *cold* ones have none.
public struct Residency {
  /// Bytes.
  public static let blockSize: UInt64 = 2 << 20
  /// Blocks per job, so that an urgent job never waits long.
  private static let jobBlocks = 16

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
  }

  /// Bytes of the arena.
  let length: UInt64
  private let mode: PopulateMode
  /// Blocks that may have pages at the same time.
  private let commitLimit: Int
  private let reserve: Int
  private(set) var states: ContiguousArray<State>
  /// Extents that overlap a block.
  private(set) var uses: ContiguousArray<UInt32>
  /// Owners of the bytes that are in the blocks.
  private(set) var traces: Traces
  private var demanded: [Range<Int>] = []
  /// The block at which the search for a cold unused block starts.
  private var coldHint = 0

  /// Blocks that extents use, with or without pages.
  private var usedBlocks = 0
  /// Blocks with pages, those being populated or released included.
  public private(set) var committedBlocks = 0
  /// Warm blocks that no extent uses.
  public private(set) var spareBlocks = 0
  /// Whether populating ahead rests and the reserve may be given back too: somebody asked for the memory.
  public var isTrimmed = false
  /// Set when the system refused pages; populating ahead then waits for a release.
  public private(set) var isExhausted = false

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
  }

  /// Bytes that have pages.
  public var committedBytes: UInt64 { UInt64(committedBlocks) * Self.blockSize }

  private func blocks(_ range: ByteRange) -> Range<Int> {
    Int(range.offset / Self.blockSize)..<Int((range.end + Self.blockSize - 1) / Self.blockSize)
  }

  private func bytes(_ blocks: Range<Int>) -> ByteRange {
    let start = UInt64(blocks.lowerBound) * Self.blockSize
    return ByteRange(offset: start, length: min(UInt64(blocks.upperBound) * Self.blockSize, length) - start)
  }

  /// Notes that an extent uses `range`.
  ///
  /// - Parameter owner: who may see what was there before if it was theirs; nil when the range has its owner already.
  /// - Returns: false when extents would use more blocks than may be committed; then nothing is noted.
  public mutating func retain(_ range: ByteRange, for owner: UInt64? = nil) -> Bool {
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
    if let owner { traces.mark(range, blocks, owner) }
    for block in blocks {
      uses[block] += 1
      if mode == .off, states[block] == .cold {
        states[block] = .warm
        committedBlocks += 1
      }
    }
    return true
  }

  /// Notes that an extent does not use `range` any more.
  public mutating func release(_ range: ByteRange) {
    for block in blocks(range) {
      ensure(uses[block] > 0, "block \(block) is given up by nobody who used it")
      uses[block] -= 1
      guard uses[block] == 0 else { continue }
      usedBlocks -= 1
      if states[block] == .warm { spareBlocks += 1 }
      if states[block] == .cold { coldHint = min(coldHint, block) }
      traces.noteSpare(block)
    }
  }

  /// Whether all of `range` has pages, and none of them bytes that others have left.
  public func isWarm(_ range: ByteRange) -> Bool {
    for block in blocks(range) where states[block] != .warm || traces.pending[block] > 0 { return false }
    return true
  }

  /// Whether nothing of a range is still to be zeroed.
  public func isClean(_ range: ByteRange) -> Bool { blocks(range).allSatisfy { traces.pending[$0] == 0 } }

  /// Short ranges that are to be zeroed before anything else happens, since the last call.
  public mutating func takeShortTraces() -> [ByteRange] { traces.takeShort() }

  /// Notes that an owner is gone: nobody may see its bytes any more.
  public mutating func forgetOwner(_ owner: UInt64) {
    let uses = uses
    traces.forget(owner) { uses[$0] == 0 }
  }

  /// Notes that a second has passed: what its owner leaves alone for longer is cleaned for others.
  public mutating func passTime() { traces.passTime() }

  /// Notes that a zero job ended; `succeeded` false means that clients that wait for it are to be refused.
  public mutating func finishZero(_ ranges: [ByteRange], succeeded: Bool = true) {
    let uses = uses
    for range in ranges { traces.finish(range, succeeded: succeeded) { uses[$0] == 0 } }
  }

  /// Asks for the pages of `range` before anything else.
  public mutating func demand(_ range: ByteRange) { demanded.append(blocks(range)) }

  /// The next job for the page worker, nil when there is nothing to do.
  ///
  /// - Parameter idleTarget: when not nil, spare blocks beyond this many bytes are given back.
  public mutating func nextJob(idleTarget: UInt64?) -> Job? {
    if let job = nextZeroJob() { return job }
    if let job = nextDemandedJob() { return job }
    // Clients that take the faults themselves may have got pages beyond what may be committed.
    if committedBlocks > commitLimit, let job = releaseHighestSpare(atMost: committedBlocks - commitLimit) {
      return job
    }
    let kept = keptBlocks
    // With *all* there is nothing more to populate once the whole reserve has pages, used or not.
    let lacking = min(kept - (mode == .all ? committedBlocks : spareBlocks), commitLimit - committedBlocks)
    if lacking > 0, !isExhausted, let run = nextColdRun(atMost: lacking) { return populate(run, urgent: false) }
    if let idleTarget {
      let target = max(Int(idleTarget / Self.blockSize), kept)
      if spareBlocks > target { return releaseHighestSpare(atMost: spareBlocks - target) }
    }
    return nextCleaningJob()
  }

  /// The next job that clients wait for.
  private mutating func nextZeroJob() -> Job? {
    let ranges = traces.nextWanted()
    return ranges.isEmpty ? nil : .zero(ranges)
  }

  /// Cleans spare blocks, so that nobody has to wait for that.
  private mutating func nextCleaningJob() -> Job? {
    let (uses, states) = (uses, states)
    let blocks = traces.nextSpare(atMost: Self.jobBlocks) { uses[$0] == 0 && states[$0] == .warm }
    return blocks.isEmpty ? nil : .zero(blocks.map { bytes($0..<($0 + 1)) })
  }

  /// Spare blocks to keep warm.
  public var keptBlocks: Int {
    switch mode {
    case .off: 0
    case .ahead: isTrimmed ? 0 : reserve
    case .all: reserve
    }
  }

  /// Notes that a populate job ended; `succeeded` false leaves its blocks cold and, for an urgent job, forgets all
  /// demands, whose waiting clients are to be refused.
  public mutating func finishPopulate(_ range: ByteRange, urgent: Bool, succeeded: Bool) {
    isExhausted = !succeeded
    if !succeeded, urgent { demanded.removeAll() }
    for block in blocks(range) where states[block] == .populating {
      states[block] = succeeded ? .warm : .cold
      if succeeded {
        if uses[block] == 0 { spareBlocks += 1 }
      } else {
        ensure(committedBlocks > 0, "block \(block) had no pages to lose")
        committedBlocks -= 1
        coldHint = min(coldHint, block)
      }
    }
  }

  /// Notes that a release job ended.
  ///
  /// - Parameter succeeded: whether the pages were given back; if not, they have the bytes that were there.
  public mutating func finishRelease(_ range: ByteRange, succeeded: Bool = true) {
    isExhausted = false
    for block in blocks(range) where states[block] == .releasing {
      traces.finishRelease(block, succeeded: succeeded, isUsed: uses[block] > 0)
      ensure(committedBlocks > 0, "block \(block) had no pages to give back")
      states[block] = .cold
      committedBlocks -= 1
      coldHint = min(coldHint, block)
      if mode == .off, uses[block] > 0 {
        states[block] = .warm
        committedBlocks += 1
      }
    }
  }

  // MARK: - Choosing jobs

  /// A demand stands until all of its blocks are warm: those being released turn cold, and populating them may fail.
  private mutating func nextDemandedJob() -> Job? {
    demanded.removeAll { $0.allSatisfy { states[$0] == .warm } }
    for wanted in demanded {
      guard let start = wanted.first(where: { states[$0] == .cold }) else { continue }
      let room = commitLimit - committedBlocks
      guard room > 0 else {
        if let job = releaseHighestSpare(atMost: Self.jobBlocks) { return job }
        continue
      }
      var end = start
      while end < wanted.upperBound, end - start < min(Self.jobBlocks, room), states[end] == .cold { end += 1 }
      return populate(start..<end, urgent: true)
    }
    return nil
  }

  private mutating func nextColdRun(atMost limit: Int) -> Range<Int>? {
    var start = coldHint
    while start < states.count, states[start] != .cold || uses[start] > 0 { start += 1 }
    coldHint = start
    guard start < states.count else { return nil }
    var end = start
    while end < states.count, end - start < min(Self.jobBlocks, limit), states[end] == .cold, uses[end] == 0 {
      end += 1
    }
    return start..<end
  }

  private mutating func populate(_ run: Range<Int>, urgent: Bool) -> Job {
    for block in run { states[block] = .populating }
    committedBlocks += run.count
    return .populate(bytes(run), urgent: urgent)
  }

  private func isSpare(_ block: Int) -> Bool {
    states[block] == .warm && uses[block] == 0 && traces.pending[block] == 0
  }

  private mutating func releaseHighestSpare(atMost limit: Int) -> Job? {
    var end = states.count
    while end > 0, !isSpare(end - 1) { end -= 1 }
    guard end > 0 else { return nil }
    var start = end
    while start > 0, end - start < min(limit, Self.jobBlocks), isSpare(start - 1) {
      start -= 1
    }
    for block in start..<end { states[block] = .releasing }
    ensure(spareBlocks >= end - start, "\(end - start) blocks are given back, \(spareBlocks) are spare")
    spareBlocks -= end - start
    return .release(bytes(start..<end))
  }
}
