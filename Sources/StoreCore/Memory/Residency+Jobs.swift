/// Choice of the jobs of the page worker, and their ends.
extension Residency {
  /// Asks for the pages of `range` before anything else.
  public mutating func demand(_ range: ByteRange) { demanded.append(blocks(range)) }

  /// The next job that a client waits for, nil when there is none.
  public mutating func nextUrgentJob() -> Job? { nextZeroJob() ?? nextEndingJob() ?? nextDemandedJob() }

  /// The next job for the page worker, nil when there is nothing to do.
  ///
  /// - Parameter idleTarget: when not nil, spare blocks beyond this many bytes are given back.
  public mutating func nextJob(idleTarget: UInt64?) -> Job? {
    if let job = nextUrgentJob() { return job }
    if let job = nextCopyJob() { return job }
    // Clients that take the faults themselves may have got pages beyond what may be committed.
    if committedBlocks > commitLimit, let job = releaseHighestSpare(atMost: committedBlocks - commitLimit) {
      return job
    }
    if let job = nextReserveJob() { return job }
    if let idleTarget {
      let target = max(Int(idleTarget / Self.blockSize), keptBlocks)
      if spareBlocks > target, let job = releaseExcess(atMost: spareBlocks - target) { return job }
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
    let file = slot(of: range)
    for block in blocks(range) where states[block] == .populating {
      states[block] = succeeded ? .warm : .cold
      if succeeded {
        guard uses[block] == 0 else { continue }
        spareBlocks += 1
        files[file].countSpare(1, at: block)
      } else {
        ensure(committedBlocks > 0, "block \(block) had no pages to lose")
        committedBlocks -= 1
        files[file].noteCold(block)
      }
    }
  }

  /// Notes that a release job ended.
  ///
  /// - Parameter succeeded: whether the pages were given back; if not, they have the bytes that were there.
  public mutating func finishRelease(_ range: ByteRange, succeeded: Bool = true) {
    isExhausted = false
    let file = slot(of: range)
    for block in blocks(range) where states[block] == .releasing {
      if file == 0 { traces.finishRelease(block, succeeded: succeeded, isUsed: uses[block] > 0) }
      ensure(committedBlocks > 0, "block \(block) had no pages to give back")
      states[block] = .cold
      committedBlocks -= 1
      files[file].noteCold(block)
      if mode == .off, uses[block] > 0 {
        states[block] = .warm
        committedBlocks += 1
      }
    }
  }

  // MARK: - Choosing jobs

  /// A demand stands until all of its blocks are warm or unused: those being released turn cold, populating them may
  /// fail, and their blobs may go.
  private mutating func nextDemandedJob() -> Job? {
    demanded.removeAll { $0.allSatisfy { states[$0] == .warm || uses[$0] == 0 } }
    for wanted in demanded {
      guard let start = wanted.first(where: { states[$0] == .cold && uses[$0] > 0 }) else { continue }
      let room = commitLimit - committedBlocks
      guard room > 0 else {
        if let job = releaseHighestSpare(atMost: Self.jobBlocks) { return job }
        continue
      }
      var end = start
      while end < wanted.upperBound, end - start < min(Self.jobBlocks, room), states[end] == .cold, uses[end] > 0 {
        end += 1
      }
      return populate(start..<end, urgent: true)
    }
    return nil
  }

  mutating func nextColdRun(in file: Int, atMost limit: Int, forSmall: Bool) -> Range<Int>? {
    var start = forSmall ? files[file].smallHint : files[file].coldHint
    let last = forSmall ? files[file].blocks.upperBound : files[file].firstSmall
    while start < last, states[start] != .cold || uses[start] > 0 { start += 1 }
    if forSmall { files[file].smallHint = start } else { files[file].coldHint = start }
    guard start < last else { return nil }
    var end = start
    while end < last, end - start < min(Self.jobBlocks, limit), states[end] == .cold, uses[end] == 0 { end += 1 }
    return start..<end
  }

  mutating func populate(_ run: Range<Int>, urgent: Bool) -> Job {
    for block in run { states[block] = .populating }
    committedBlocks += run.count
    return .populate(bytes(run), urgent: urgent)
  }

  private func isSpare(_ block: Int) -> Bool {
    states[block] == .warm && uses[block] == 0 && !traces.isPending(block)
  }

  /// Gives back the highest spare blocks of the file that is most in excess of what it is to keep.
  private mutating func releaseHighestSpare(atMost limit: Int) -> Job? {
    for file in filesWithSpare() {
      if let job = releaseHighestSpare(of: file, atMost: limit) { return job }
    }
    return nil
  }

  /// Gives back the highest spare blocks of a file, those that it keeps for small blobs last.
  mutating func releaseHighestSpare(of file: Int, atMost limit: Int) -> Job? {
    let (all, firstSmall) = (files[file].blocks, files[file].firstSmall)
    let (large, small) = (all.lowerBound..<firstSmall, firstSmall..<all.upperBound)
    let excess = files[file].smallSpare - min(Self.smallAhead, target(of: file))
    if excess > 0, let job = releaseHighestSpare(in: small, of: file, atMost: min(limit, excess)) { return job }
    return releaseHighestSpare(in: large, of: file, atMost: limit)
      ?? releaseHighestSpare(in: small, of: file, atMost: limit)
  }

  private mutating func releaseHighestSpare(in region: Range<Int>, of file: Int, atMost limit: Int) -> Job? {
    let first = region.lowerBound
    var end = region.upperBound
    while end > first, !isSpare(end - 1) { end -= 1 }
    guard end > first else { return nil }
    var start = end
    while start > first, end - start < min(limit, Self.jobBlocks), isSpare(start - 1) { start -= 1 }
    for block in start..<end { states[block] = .releasing }
    ensure(spareBlocks >= end - start, "\(end - start) blocks are given back, \(spareBlocks) are spare")
    spareBlocks -= end - start
    for block in start..<end { files[file].countSpare(-1, at: block) }
    return .release(bytes(start..<end))
  }
}

/// Work of the page worker for the store.
extension Store {
  /// The memory file that is there from the start.
  public var firstFile: MemoryFilePlace { memory.firstFile }

  /// Makes the memory file that is to have a place; false when the system has none to give.
  public var openFile: (MemoryFilePlace) -> Bool {
    get { memory.openFile }
    set { memory.openFile = newValue }
  }

  /// The next job for the page worker; see ``Residency/nextJob(idleTarget:)``.
  public func nextPageJob(idleTarget: UInt64?) -> Residency.Job? {
    memory.prepareSpareFile()
    return memory.residency.nextJob(idleTarget: idleTarget)
  }

  /// The next job that a client waits for, for another worker.
  public func nextUrgentPageJob() -> Residency.Job? { memory.residency.nextUrgentJob() }

  /// Asks for the pages of a range before anything else.
  public func demandPages(_ range: ByteRange) {
    if !memory.residency.isWarm(range) { memory.residency.demand(range) }
  }

  /// Lets even the warm reserve be given back, until ``resumePopulating()``.
  public func trimReserve() { memory.residency.isTrimmed = true }

  /// Notes that a populate job ended.
  public func finishPopulate(_ range: ByteRange, urgent: Bool, succeeded: Bool) {
    memory.residency.finishPopulate(range, urgent: urgent, succeeded: succeeded)
    if urgent, !succeeded { failCopiesWithoutPages() }
  }

  /// Notes that the file that had these addresses is gone.
  public func finishEnd(_ range: ByteRange) { memory.finishEnd(range) }

  /// Notes that a release job ended.
  ///
  /// - Parameter succeeded: whether the pages were given back.
  public func finishRelease(_ range: ByteRange, succeeded: Bool = true) {
    memory.residency.finishRelease(range, succeeded: succeeded)
  }

  /// Notes that a zero job ended.
  ///
  /// - Parameter succeeded: false when clients that wait for it are to be refused.
  public func finishZero(_ ranges: [ByteRange], succeeded: Bool = true) {
    memory.residency.finishZero(ranges, succeeded: succeeded)
  }

  /// Notes that a second has passed.
  public func passTime() {
    memory.residency.passTime()
    endGrace()
  }
}
