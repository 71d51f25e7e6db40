/// Owners of the bytes left in the blocks of the arena, and the zeroing that is due before others get them.
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

  /// Notes that `owner` gets a range, and that what others have left in it is to be zeroed.
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
