import Logging
import SharedMemory
import StoreCore
import Support

/// Keeps the page workers busy with the jobs of the store's residency. Lives on the loop.
final class PageSupply {
  private let store: Store
  /// The first does everything, the others what clients wait for.
  private let workers: [PageWorker]
  private let files: MemoryFiles
  private let releases: Bool
  private let log: Logger
  /// Jobs under way, by their numbers, and whose they are.
  private var underway: [UInt64: (job: Residency.Job, worker: Int)] = [:]
  private var lastNumber: UInt64 = 0
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
  init(store: Store, files: MemoryFiles, workers: [PageWorker], releases: Bool, log: Logger) {
    self.store = store
    self.files = files
    self.workers = workers
    self.releases = releases
    self.log = log
    isReservePending = store.configuration.populate == .ahead
  }

  /// Starts the next job when there is one and the worker is free.
  ///
  /// - Parameter urgentOnly: whether all waits that no client waits for: bytes are moving, which need the processors.
  func pump(urgentOnly: Bool = false) {
    fewestSpare = min(fewestSpare, store.memory.residency.spareBlocks)
    for worker in workers.indices where !underway.values.contains(where: { $0.worker == worker }) {
      let next = worker == 0 && !urgentOnly ? nextJob() : store.nextUrgentPageJob()
      guard let job = next else { continue }
      lastNumber += 1
      underway[lastNumber] = (job, worker)
      workers[worker].submit(order(job, lastNumber))
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

  /// What the worker is told of a job.
  private func order(_ job: Residency.Job, _ number: UInt64) -> PageJob {
    switch job {
    case .populate(let range, let urgent): return order(.populate, range, urgent: urgent, number)
    case .release(let range): return order(.release, range, urgent: false, number)
    case .end(let range): return order(.end, range, urgent: true, number)
    case .zero(let ranges):
      let places = ranges.compactMap { files.bytes(of: $0) }
      return PageJob(
        zeroing: places.map { $0.offset..<($0.offset + $0.length) }, of: places.first?.arena, number: number)
    case .copy(let source, let target, _):
      let from = files.bytes(of: source).map { PageJob.Source($0.arena, $0.offset) }
      return order(.copy, target, urgent: false, from: from, number)
    }
  }

  private func order(
    _ work: PageJob.Work, _ range: ByteRange, urgent: Bool, from source: PageJob.Source? = nil, _ number: UInt64
  ) -> PageJob {
    let place = files.bytes(of: range)
    return PageJob(
      work: work, offset: place?.offset ?? 0, length: range.length, urgent: urgent, of: place?.arena, from: source,
      number: number)
  }

  /// Whether no job is under way; after ``pump()``, that there is none to do.
  var isIdle: Bool { underway.isEmpty }

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
    guard let (order, _) = underway.removeValue(forKey: job.number) else { return false }
    switch (order, result) {
    case (.populate(let range, let urgent), .success(let duration)):
      populatedBytes += job.length
      let (seconds, attoseconds) = duration.components
      populateNanoseconds += UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
      store.finishPopulate(range, urgent: urgent, succeeded: true)
      return false
    case (.populate(let range, let urgent), .failure(let error)):
      // Whoever cuts his own file short has nobody else suffer for it.
      let isCut = job.arena?.isCut ?? false
      if !isCut { log.warning("cannot populate \(ByteSize(bytes: job.length)): \(error)") }
      store.finishPopulate(range, urgent: urgent, succeeded: isCut)
      return urgent && !isCut
    case (.release(let range), .failure(let error)):
      log.warning("cannot give back \(ByteSize(bytes: job.length)): \(error)")
      store.finishRelease(range, succeeded: false)
      return false
    case (.release(let range), .success):
      releasedBytes += job.length
      store.finishRelease(range)
      return false
    case (.zero(let ranges), .success):
      zeroedBytes += job.length
      store.finishZero(ranges)
      return false
    case (.zero(let ranges), .failure(let error)):
      log.error("cannot zero \(ByteSize(bytes: job.length)): \(error)")
      store.finishZero(ranges, succeeded: false)
      return true
    case (.copy(_, let target, let number), .success):
      store.finishCopy(number, target.length)
      return false
    case (.copy(_, let target, let number), .failure(let error)):
      log.error("cannot copy \(ByteSize(bytes: target.length)): \(error)")
      store.finishCopy(number, target.length, succeeded: false)
      return false
    case (.end(let range), _):
      if case .failure(let error) = result { log.error("\(error)") }
      files.forget(range)
      store.finishEnd(range)
      return false
    }
  }

  func stop() { for worker in workers { worker.stop() } }
}
