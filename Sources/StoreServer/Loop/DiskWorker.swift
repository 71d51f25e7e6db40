import Dispatch
import Support
import Synchronization

/// The thread on which everything is done that waits for a disk: documents of volumes, their directories and sockets,
/// token files.
///
/// Jobs are done one after another, in the order in which they were handed over, and none is left out.
final class DiskWorker: Sendable {
  typealias Job = @Sendable () -> Void

  /// State shared by the thread and the submitters of jobs, so that the worker itself can go.
  fileprivate final class Line: Sendable {
    let jobs = Mutex<(waiting: [Job], isStopping: Bool)>(([], false))
    let available = DispatchSemaphore(value: 0)

    func run() {
      while true {
        available.wait()
        let (batch, isStopping) = jobs.withLock { jobs in
          defer { jobs.waiting.removeAll() }
          return (jobs.waiting, jobs.isStopping)
        }
        for job in batch { job() }
        if isStopping { return }
      }
    }
  }

  private let line = Line()
  private let thread: BackgroundThread

  /// Starts the thread, named "vineyard-disk".
  ///
  /// - Throws: `ProgramError` where the system refuses another thread.
  init() throws(ProgramError) {
    let line = line
    thread = try BackgroundThread(named: "vineyard-disk") { line.run() }
  }

  deinit { line.end() }

  /// Hands over a job; it never blocks. After ``stop()`` the job is dropped.
  func submit(_ job: @escaping Job) {
    let isTaken = line.jobs.withLock { jobs in
      guard !jobs.isStopping else { return false }
      jobs.waiting.append(job)
      return true
    }
    if isTaken { line.available.signal() }
  }

  /// Returns when everything is done that was handed over before.
  func drain() {
    let done = DispatchSemaphore(value: 0)
    let isTaken = line.jobs.withLock { jobs in
      guard !jobs.isStopping else { return false }
      jobs.waiting.append { done.signal() }
      return true
    }
    guard isTaken else { return }
    line.available.signal()
    done.wait()
  }

  /// Does the jobs that were handed over, and ends the thread.
  ///
  /// Returns when the thread has ended.
  func stop() {
    line.end()
    thread.join()
  }
}

extension DiskWorker.Line {
  fileprivate func end() {
    jobs.withLock { $0.isStopping = true }
    available.signal()
  }
}

/// The jobs of the disk worker as the loop sees them: numbered, and finished on the loop.
final class DiskJobs {
  private let worker: DiskWorker
  private let mailbox: Mailbox
  private var last: UInt64 = 0
  /// Jobs that are not finished.
  private(set) var count = 0

  init(_ worker: DiskWorker, _ mailbox: Mailbox) {
    self.worker = worker
    self.mailbox = mailbox
  }

  /// Starts a job.
  ///
  /// - Parameters:
  ///   - work: is done by the worker.
  ///   - finish: is called on the loop with the job's number and what it came to.
  /// - Returns: the number.
  @discardableResult
  func start<Value: Sendable>(
    _ work: @escaping @Sendable () -> Value, finish: @escaping @Sendable (StoreServer, UInt64, Value) -> Void
  ) -> UInt64 {
    last += 1
    count += 1
    worker.submit { [job = last, mailbox] in
      let value = work()
      mailbox.post { server in
        server.jobs.count -= 1
        finish(server, job, value)
      }
    }
    return last
  }

  /// A number for something that somebody else does, and that is waited for like a job.
  func reserveNumber() -> UInt64 {
    last += 1
    return last
  }

  /// Returns when the worker has done what was started; it is finished by the mailbox's messages.
  func drain() { worker.drain() }

  /// Ends the worker.
  func stop() { worker.stop() }
}
