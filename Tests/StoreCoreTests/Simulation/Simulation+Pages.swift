import SeededRandom
import StoreCore
import StoreProtocol

/// A page worker that does several jobs at a time, in any order, and sometimes fails.
extension Simulation {
  private func blocks(_ range: ByteRange) -> Range<UInt64> {
    range.offset / Residency.blockSize..<(range.end + Residency.blockSize - 1) / Residency.blockSize
  }

  /// What a job populates or gives back.
  private func range(_ job: Residency.Job) -> ByteRange {
    switch job {
    case .populate(let range, _), .release(let range), .end(let range): range
    case .zero, .copy: ByteRange(offset: 0, length: 0)
    }
  }

  /// Whether a range has pages, which the store and the model must agree on.
  func isWarm(_ range: ByteRange) throws(SimulationFailure) -> Bool {
    let isWarm = store.memory.residency.isWarm(range)
    if !store.memory.residency.isClean(range) {
      try check(!isWarm, "\(range) is given out with what others have left")
      return false
    }
    if configuration.populate == .off {
      // Clients take the faults: only what is being released, or whose blob is gone, is not warm.
      let isReleased = jobs.contains { blocks(self.range($0)).overlaps(blocks(range)) }
      let isHeld = extents.contains { $0.offset == range.offset && $0.end >= range.end }
      if isReleased || isHeld { try check(isWarm == !isReleased, "\(range) is \(isWarm ? "" : "not ")warm") }
    } else {
      let expected = blocks(range).allSatisfy { warmBlocks.contains($0) }
      try check(isWarm == expected, "\(range) is \(isWarm ? "" : "not ")warm")
    }
    return isWarm
  }

  func pageStep() throws(SimulationFailure) {
    if !jobs.isEmpty, random.oneIn(2) {
      let job = jobs.remove(at: random.number(below: jobs.count))
      return try finish(job, succeeded: !random.oneIn(6))
    }
    let target: UInt64? = random.oneIn(4) ? UInt64(random.number(below: 4)) * Residency.blockSize : nil
    begin("next page job, idle target \(target.map(String.init) ?? "none")")
    if random.oneIn(8) { store.passTime() }
    if random.oneIn(20) { store.trimReserve() } else { store.resumePopulating() }
    if let job = store.nextPageJob(idleTarget: target) {
      try begin(job)
    } else if jobs.isEmpty {
      try answerUnserved()
    }
  }

  private func begin(_ job: Residency.Job) throws(SimulationFailure) {
    record("\(job)")
    if case .zero = job { return jobs.append(job) }
    if case .copy(let from, let to, _) = job {
      try checkCopy(from, to)
      return jobs.append(job)
    }
    let range = range(job)
    try check(range.offset % Residency.blockSize == 0, "\(job) starts inside a block")
    let isInside = configuration.separatesTenants || range.end <= configuration.arenaLength
    try check(range.length > 0 && isInside, "\(job) is outside the arena")
    for other in jobs { try check(!blocks(self.range(other)).overlaps(blocks(range)), "\(job) meets \(other)") }
    switch job {
    case .populate: try check(blocks(range).allSatisfy { !warmBlocks.contains($0) }, "\(job) is warm already")
    case .release, .end:
      for extent in extents {
        try check(!extent.overlaps(range.offset, range.end), "\(job) takes the pages of \(extent.offset)")
      }
      leavingBlocks.formUnion(warmBlocks.intersection(blocks(range)))
      warmBlocks.subtract(blocks(range))
    case .zero, .copy: break
    }
    jobs.append(job)
  }

  private func finish(_ job: Residency.Job, succeeded: Bool) throws(SimulationFailure) {
    begin("\(job) \(succeeded ? "ends" : "fails")")
    switch job {
    case .populate(let range, let urgent):
      store.finishPopulate(range, urgent: urgent, succeeded: succeeded)
      if succeeded { warmBlocks.formUnion(blocks(range)) } else if urgent { try dropUnfilled() }
      try answerAwaiting(refusing: urgent && !succeeded)
    case .release(let range):
      store.finishRelease(range)
      leavingBlocks.subtract(blocks(range))
      try answerAwaiting(refusing: false)
    case .end(let range):
      store.finishEnd(range)
      leavingBlocks.subtract(blocks(range))
      for (key, _) in fileTenants where !store.hasFile(key) { fileTenants[key] = nil }
      try answerAwaiting(refusing: false)
    case .copy(let from, let to, let number):
      store.finishCopy(number, to.length, succeeded: succeeded)
      try finishCopy(from, to, succeeded: succeeded)
    case .zero(let ranges):
      store.finishZero(ranges)
      try answerAwaiting(refusing: false)
    }
  }

  /// Whether a range has no pages although somebody has bytes in its blocks.
  private func isAwaited(_ range: ByteRange) throws(SimulationFailure) -> Bool {
    let isAwaited = store.memory.residency.isAwaited(range)
    let isUsed = extents.contains { blocks(ByteRange(offset: $0.offset, length: $0.length)).overlaps(blocks(range)) }
    try check(isUsed || !isAwaited, "\(range) is awaited although nobody uses it")
    let isWarm = try isWarm(range)
    if !isAwaited, !isWarm {
      let isHeld = extents.contains { $0.offset == range.offset && $0.end >= range.end }
      try check(!isHeld, "\(range) is not warm and nobody waits for it")
    }
    return isAwaited
  }

  /// Answers the clients whose blobs have pages now, or are gone; refuses the others when there are no pages.
  private func answerAwaiting(refusing: Bool) throws(SimulationFailure) {
    for client in clients where !client.awaiting.isEmpty {
      var isReady = true
      for (_, range) in client.awaiting where try isAwaited(range) { isReady = false }
      if isReady {
        client.awaiting.removeAll()
      } else if refusing {
        for (id, _) in client.awaiting {
          try? store.dropBlob(id, by: client.handle)
          remove(id, in: client.session, by: client)
        }
        client.awaiting.removeAll()
      }
    }
  }

  /// No job is under way and there is none to do: nobody waits any more but for blobs that are gone.
  private func answerUnserved() throws(SimulationFailure) {
    try answerAwaiting(refusing: false)
    for client in clients { try check(client.awaiting.isEmpty, "client \(client.number) waits for pages forever") }
  }

  /// Does page work until there is none; then nobody may wait for pages any more.
  func finishPages() throws(SimulationFailure) {
    var count = 0
    repeat {
      while let job = jobs.popLast() { try finish(job, succeeded: true) }
      if let job = store.nextPageJob(idleTarget: nil) { try begin(job) }
      count += 1
      try check(count < 1000, "page jobs don't end")
    } while !jobs.isEmpty
    try answerUnserved()
  }
}
