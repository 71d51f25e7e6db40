/// Work of the page worker for the store.
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
  public func passTime() { memory.residency.passTime() }

  /// Short ranges that are to be zeroed before new blobs are given out.
  public func takeShortTraces() -> [ByteRange] { memory.residency.takeShortTraces() }
}
