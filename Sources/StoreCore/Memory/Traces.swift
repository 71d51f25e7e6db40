/// Owners of the bytes left in the chunks of the arena, and the zeroing that is due before others get them.
///
/// A chunk without pages, or never given out, is *clean*. One that only one owner has used may be given to that owner
/// again as it is. For everybody else, a range that is given out is zeroed first: a short one at once, a long one by
/// the page worker while the client waits. To make such waits rare, chunks that nobody uses are cleaned in the
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
  /// Ranges that are to be zeroed and overlap a chunk.
  private(set) var pending: ContiguousArray<UInt32>
  private var wanted: [ByteRange] = []
  private var position = 0
  private var short: [ByteRange] = []
  private var shortTotal: UInt64 = 0
  /// Chunks that may be ownerless and spare, the latest last.
  private var candidates: [Int] = []
  /// A number that grows with time.
  private var moment: UInt32 = 2
  /// Moment at which each chunk last became spare.
  private var spareSince: ContiguousArray<UInt32>
  /// Chunks that became spare, in that order, and when.
  private var spare: [(chunk: Int, moment: UInt32)] = []
  private var nextSpare = 0

  init(chunks: Int) {
    owners = ContiguousArray(repeating: Self.clean, count: chunks)
    pending = ContiguousArray(repeating: 0, count: chunks)
    spareSince = ContiguousArray(repeating: 0, count: chunks)
  }

  /// Notes that `owner` gets a range, and that what others have left in it is to be zeroed.
  mutating func mark(_ range: ByteRange, _ chunks: Range<Int>, _ owner: UInt64) {
    var start: UInt64?
    for chunk in chunks {
      let lower = max(range.offset, UInt64(chunk) * Residency.chunkSize)
      if owners[chunk] == Self.clean || owners[chunk] == owner {
        if let from = start { want(from, lower) }
        start = nil
        owners[chunk] = owner
      } else {
        if start == nil { start = lower }
        let isWhole = lower % Residency.chunkSize == 0 && range.end >= UInt64(chunk + 1) * Residency.chunkSize
        owners[chunk] = isWhole ? owner : Self.nobody
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
    for chunk in Self.chunks(range) { pending[chunk] += 1 }
  }

  private static func chunks(_ range: ByteRange) -> Range<Int> {
    Int(range.offset / Residency.chunkSize)..<Int((range.end + Residency.chunkSize - 1) / Residency.chunkSize)
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
        // Both parts hold their chunks back until they are done.
        let rest = ByteRange(offset: range.offset + Self.jobBytes, length: range.length - Self.jobBytes)
        range = ByteRange(offset: range.offset, length: Self.jobBytes)
        wanted[position] = rest
        let shared = Self.chunks(range).upperBound - 1
        if Self.chunks(rest).lowerBound == shared { pending[shared] += 1 }
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
    let isWhole = range.offset % Residency.chunkSize == 0
    for chunk in Self.chunks(range) {
      ensure(pending[chunk] > 0, "chunk \(chunk) was zeroed and nobody asked for it")
      pending[chunk] -= 1
      guard succeeded else {
        owners[chunk] = Self.nobody
        continue
      }
      let end = UInt64(chunk + 1) * Residency.chunkSize
      if isWhole, range.end >= end || chunk == owners.count - 1, isSpare(chunk) {
        owners[chunk] = Self.clean
      }
    }
  }

  // MARK: - Cleaning in the background

  /// Notes that nobody uses a chunk any more.
  mutating func noteSpare(_ chunk: Int) {
    if owners[chunk] == Self.nobody {
      if candidates.last != chunk { candidates.append(chunk) }
    } else if spareSince[chunk] != moment {
      spareSince[chunk] = moment
      spare.append((chunk, moment))
    }
  }

  /// Lets chunks that are spare now count as left alone after two calls.
  mutating func passTime() { moment += 1 }

  /// Notes that an owner is gone.
  mutating func forget(_ owner: UInt64, isSpare: (Int) -> Bool) {
    for chunk in owners.indices where owners[chunk] == owner {
      owners[chunk] = Self.nobody
      if isSpare(chunk) { candidates.append(chunk) }
    }
  }

  /// Spare chunks that are to be cleaned; they count as to be zeroed from now on.
  mutating func nextSpare(atMost limit: Int, isSpareAndWarm: (Int) -> Bool) -> [Int] {
    var found: [Int] = []
    func take(_ chunk: Int) {
      guard owners[chunk] != Self.clean, pending[chunk] == 0, isSpareAndWarm(chunk) else { return }
      pending[chunk] += 1
      found.append(chunk)
    }
    while found.count < limit, let chunk = candidates.popLast() { take(chunk) }
    while found.count < limit, nextSpare < spare.count, spare[nextSpare].moment + 1 < moment {
      let (chunk, since) = spare[nextSpare]
      nextSpare += 1
      if spareSince[chunk] == since { take(chunk) }
    }
    if nextSpare * 2 > spare.count {
      spare.removeFirst(nextSpare)
      nextSpare = 0
    }
    return found
  }

  /// Notes that the pages of a chunk were given back, or that this failed.
  ///
  /// - Parameter isUsed: whether it was given out meanwhile.
  mutating func finishRelease(_ chunk: Int, succeeded: Bool, isUsed: Bool) {
    if succeeded {
      if !isUsed { owners[chunk] = Self.clean }
    } else {
      owners[chunk] = Self.nobody
    }
  }
}
