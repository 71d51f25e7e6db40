/// What the page worker does for the store.
extension Store {
  /// The next job for the page worker; see ``Residency/nextJob(idleTarget:)``.
  public func nextPageJob(idleTarget: UInt64?) -> Residency.Job? { memory.residency.nextJob(idleTarget: idleTarget) }

  /// Asks for the pages of a range before anything else.
  public func demandPages(_ range: ByteRange) {
    if !memory.residency.isWarm(range) { memory.residency.demand(range) }
  }

  /// Lets even the warm reserve be given back, until ``resumePopulating()``.
  public func trimReserve() { memory.residency.isTrimmed = true }

  /// Keeps a warm reserve again: somebody writes.
  public func resumePopulating() { memory.residency.isTrimmed = false }

  /// Notes that a populate job ended.
  public func finishPopulate(_ range: ByteRange, urgent: Bool, succeeded: Bool) {
    memory.residency.finishPopulate(range, urgent: urgent, succeeded: succeeded)
  }

  /// Notes that a release job ended.
  public func finishRelease(_ range: ByteRange) { memory.residency.finishRelease(range) }
}
