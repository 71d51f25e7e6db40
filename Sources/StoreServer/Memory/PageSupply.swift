import Logging
import SharedMemory
import StoreCore
import Support

/// Keeps the page worker busy with the jobs of the store's residency. Lives on the loop.
final class PageSupply {
  private let store: Store
  private let worker: PageWorker
  private let releases: Bool
  private let log: Logger
  private var isWorking = false
  /// Give back spare pages beyond this many bytes; nil when there is nothing to give back.
  private var idleTarget: UInt64?
  private var isReservePending: Bool

  /// Nanoseconds that pages may be spare before they count as idle.
  static let window: UInt64 = 10_000_000_000
  /// The fewest spare blocks since the window began: blocks that work needs now and then are in use at some moment.
  private var fewestSpare = 0

  /// Bytes populated and time it took, since the start.
  private(set) var populatedBytes: UInt64 = 0
  private(set) var populateNanoseconds: UInt64 = 0
  private(set) var releasedBytes: UInt64 = 0
  private(set) var zeroedBytes: UInt64 = 0

  /// - Parameter releases: whether pages may be given back; reserved huge pages may go to others for good.
  init(store: Store, worker: PageWorker, releases: Bool, log: Logger) {
    self.store = store
    self.worker = worker
    self.releases = releases
    self.log = log
    isReservePending = store.configuration.populate == .ahead
  }

  /// Starts the next job when there is one and the worker is free.
  ///
  /// - Parameter urgentOnly: whether all waits that no client waits for: bytes are moving, which need the processors.
  func pump(urgentOnly: Bool = false) {
    fewestSpare = min(fewestSpare, store.memory.residency.spareBlocks)
    guard !isWorking, let job = urgentOnly ? store.nextUrgentPageJob() : nextJob() else { return }
    isWorking = true
    switch job {
    case .populate(let range, let urgent):
      worker.submit(PageJob(work: .populate, offset: range.offset, length: range.length, urgent: urgent))
    case .release(let range):
      worker.submit(PageJob(work: .release, offset: range.offset, length: range.length, urgent: false))
    case .zero(let ranges): worker.submit(PageJob(zeroing: ranges.map { $0.offset..<$0.end }))
    }
  }

  private func nextJob() -> Residency.Job? {
    if let job = store.nextPageJob(idleTarget: idleTarget) { return job }
    idleTarget = nil
    if isReservePending {
      isReservePending = false
      log.info("\(ByteSize(bytes: populatedBytes)) are populated ahead of the first writes")
    }
    return nil
  }

  /// Whether no job is under way; after ``pump()``, that there is none to do.
  var isIdle: Bool { !isWorking }

  /// Whether pages are being given back.
  var isGivingBack: Bool { idleTarget != nil }

  /// Gives back the pages that were idle for a whole window; the warm reserve stays.
  ///
  /// It is called at the end of each window, and begins the next.
  func giveBackIdle() {
    guard releases else { return }
    let spare = store.memory.residency.spareBlocks
    let idle = min(fewestSpare, spare) - store.memory.residency.keptBlocks
    fewestSpare = spare
    guard !isGivingBack, idle > 0 else { return }
    idleTarget = UInt64(spare - idle) * Residency.blockSize
  }

  /// Gives back all spare pages, the warm reserve included, which stays away until somebody writes.
  ///
  /// - Returns: whether there is anything to give back.
  func trim() -> Bool {
    guard releases, store.memory.residency.spareBlocks > 0, store.configuration.populate != .all else { return false }
    store.trimReserve()
    idleTarget = 0
    return true
  }

  /// Notes that a job ended.
  ///
  /// - Returns: whether clients that wait for pages are to be refused.
  func finish(_ job: PageJob, _ result: Result<Duration, SharedMemoryError>) -> Bool {
    isWorking = false
    let range = ByteRange(offset: job.offset, length: job.length)
    switch (job.work, result) {
    case (.populate, .success(let duration)):
      populatedBytes += job.length
      let (seconds, attoseconds) = duration.components
      populateNanoseconds += UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
      store.finishPopulate(range, urgent: job.urgent, succeeded: true)
      return false
    case (.populate, .failure(let error)):
      log.warning("cannot populate \(ByteSize(bytes: job.length)): \(error)")
      store.finishPopulate(range, urgent: job.urgent, succeeded: false)
      return job.urgent
    case (.release, .failure(let error)):
      log.warning("cannot give back \(ByteSize(bytes: job.length)): \(error)")
      store.finishRelease(range, succeeded: false)
      return false
    case (.zero, .success):
      zeroedBytes += job.length
      finishZero(job, succeeded: true)
      return false
    case (.zero, .failure(let error)):
      log.error("cannot zero \(ByteSize(bytes: job.length)): \(error)")
      finishZero(job, succeeded: false)
      return true
    case (.release, .success):
      releasedBytes += job.length
      store.finishRelease(range)
      return false
    }
  }

  private func finishZero(_ job: PageJob, succeeded: Bool) {
    store.finishZero(
      job.pieces.map { ByteRange(offset: $0.lowerBound, length: UInt64($0.count)) }, succeeded: succeeded)
  }

  func stop() { worker.stop() }
}
