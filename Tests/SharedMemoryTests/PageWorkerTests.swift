import Glibc
import Synchronization
import Testing

@testable import SharedMemory

extension SharedMemoryTests {
  @Suite("page worker", .serialized)
  struct PageWorkerTests {
    /// What the worker reported, and a gate at which it waits inside its first completion.
    final class Report: @unchecked Sendable {
      // The semaphores are thread-safe and their addresses fixed; the list is behind a mutex.
      private let done = Mutex<[(job: PageJob, result: Result<Duration, SharedMemoryError>)]>([])
      private let entered = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
      private let gate = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

      init() {
        sem_init(entered, 0, 0)
        sem_init(gate, 0, 0)
      }

      deinit {
        entered.deallocate()
        gate.deallocate()
      }

      var jobs: [PageJob] { done.withLock { $0.map(\.job) } }
      var results: [Result<Duration, SharedMemoryError>] { done.withLock { $0.map(\.result) } }

      func record(_ job: PageJob, _ result: Result<Duration, SharedMemoryError>) {
        done.withLock { $0.append((job, result)) }
        sem_post(entered)
        sem_wait(gate)
      }

      func waitForJobs(_ count: Int) { for _ in 0..<count { sem_wait(entered) } }
      func open(_ count: Int) { for _ in 0..<count { sem_post(gate) } }
    }

    func job(_ work: PageJob.Work, _ mebibytes: UInt64, urgent: Bool = false) -> PageJob {
      PageJob(work: work, offset: mebibytes * mebibyte, length: mebibyte, urgent: urgent)
    }

    @Test("urgent jobs go before the others, each sort in order")
    func order() throws {
      let report = Report()
      let worker = try PageWorker(arena: makeArena(.off, mebibytes: 16)) { report.record($0, $1) }
      worker.submit(job(.populate, 0))
      report.waitForJobs(1)
      let jobs = [job(.populate, 1), job(.populate, 2, urgent: true), job(.release, 3), job(.release, 4, urgent: true)]
      for job in jobs { worker.submit(job) }
      #expect(worker.waiting == 4)
      report.open(5)
      report.waitForJobs(4)
      #expect(report.jobs.dropFirst() == [jobs[1], jobs[3], jobs[0], jobs[2]])
      worker.stop()
    }

    @Test("jobs really populate and release, and report the time they took")
    func work() throws {
      let report = Report()
      let arena = try makeArena(.off, mebibytes: 16)
      let worker = try PageWorker(arena: arena) { report.record($0, $1) }
      report.open(2)
      worker.submit(PageJob(work: .populate, offset: 0, length: 8 * mebibyte, urgent: false))
      report.waitForJobs(1)
      #expect(try arena.allocatedBytes() == 8 * mebibyte)
      worker.submit(PageJob(work: .release, offset: 0, length: 8 * mebibyte, urgent: false))
      report.waitForJobs(1)
      #expect(try arena.allocatedBytes() == 0)
      for result in report.results { #expect(try result.get() > .zero) }
    }

    @Test("[Error] a job outside the arena is reported as failed and the worker goes on")
    func failure() throws {
      let report = Report()
      let worker = try PageWorker(arena: makeArena(.off, mebibytes: 2)) { report.record($0, $1) }
      report.open(2)
      worker.submit(job(.populate, 2))
      worker.submit(job(.populate, 1))
      report.waitForJobs(2)
      #expect(throws: SharedMemoryError.self) { try report.results.first?.get() }
      #expect(throws: Never.self) { try report.results.last?.get() }
    }

    @Test("stop finishes the job in progress, drops the rest and joins")
    func stop() throws {
      let report = Report()
      let worker = try PageWorker(arena: makeArena(.off, mebibytes: 64)) { report.record($0, $1) }
      for index in 0..<64 { worker.submit(job(.populate, UInt64(index))) }
      report.waitForJobs(1)
      let stopper = try PosixThread { worker.stop() }
      while worker.waiting > 0 { sched_yield() }
      report.open(1)
      stopper.join()
      worker.submit(job(.populate, 1))
      worker.stop()
      #expect(report.jobs.count == 1)
      #expect(worker.waiting == 0)
    }

    @Test("a worker may be stopped by its own completion, and by going away")
    func stopInside() throws {
      let arena = try makeArena(.off, mebibytes: 2)
      let report = Report()
      report.open(1)
      let box = WorkerBox()
      box.set(
        try PageWorker(arena: arena) { job, result in
          box.stop()
          report.record(job, result)
        })
      box.submit(job(.populate, 0))
      report.waitForJobs(1)
      box.set(nil)
      for _ in 0..<32 { _ = try PageWorker(arena: arena) { _, _ in } }
      #expect(report.jobs.count == 1)
    }

    /// Lets a completion reach the worker that calls it.
    final class WorkerBox: Sendable {
      private let worker = Mutex<PageWorker?>(nil)
      func set(_ new: PageWorker?) { worker.withLock { $0 = new } }
      func stop() { worker.withLock { $0 }?.stop() }
      func submit(_ job: PageJob) { worker.withLock { $0 }?.submit(job) }
    }

    @Test("a queue of thousands keeps its order")
    func longQueue() {
      var queue = PageQueue()
      var expected: UInt64 = 0
      for offset in 0..<5000 {
        queue.append(PageJob(work: .populate, offset: UInt64(offset), length: 1, urgent: false))
        guard offset % 3 == 0 else { continue }
        #expect(queue.next()?.offset == expected)
        expected += 1
      }
      while let job = queue.next() {
        #expect(job.offset == expected)
        expected += 1
      }
      #expect(expected == 5000)
      #expect(queue.count == 0)
    }
  }
}
