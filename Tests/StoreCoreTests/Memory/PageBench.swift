import StoreCore

/// A residency with a page worker that does what it is told at once.
final class PageBench {
  private var residency: Residency

  init(_ residency: Residency) { self.residency = residency }

  var committedBlocks: Int { residency.committedBlocks }
  var committedBytes: UInt64 { residency.committedBytes }
  var spareBlocks: Int { residency.spareBlocks }
  var isExhausted: Bool { residency.isExhausted }

  func retain(_ range: ByteRange) -> Bool { residency.retain(range) }
  func release(_ range: ByteRange) { residency.release(range) }
  func demand(_ range: ByteRange) { residency.demand(range) }
  func isWarm(_ range: ByteRange) -> Bool { residency.isWarm(range) }
  func isAwaited(_ range: ByteRange) -> Bool { residency.isAwaited(range) }
  func nextJob(idleTarget: UInt64?) -> Residency.Job? { residency.nextJob(idleTarget: idleTarget) }
  func nextUrgentJob() -> Residency.Job? { residency.nextUrgentJob() }

  func finish(_ job: Residency.Job, succeeded: Bool = true) {
    switch job {
    case .populate(let range, let urgent): residency.finishPopulate(range, urgent: urgent, succeeded: succeeded)
    case .release(let range): residency.finishRelease(range)
    case .zero(let ranges): residency.finishZero(ranges, succeeded: succeeded)
    case .end, .copy: break
    }
  }

  /// Does jobs until there are none; gives up when there is no end to them.
  func work(idleTarget: UInt64? = nil) -> [Residency.Job] {
    var jobs: [Residency.Job] = []
    while jobs.count < 1000, let job = residency.nextJob(idleTarget: idleTarget) {
      jobs.append(job)
      finish(job)
    }
    return jobs
  }
}
