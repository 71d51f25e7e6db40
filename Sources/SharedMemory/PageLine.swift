import CLinux
import Glibc
import Synchronization

/// Queue of the page thread, shared with those who submit to it, and a semaphore that counts it.
///
/// Sendable is proven by its parts: the queue is behind a mutex, the semaphore's address never
/// changes and sem_post(3) and sem_wait(3) may be called by any thread, the rest is immutable and Sendable.
final class PageLine: @unchecked Sendable {
  private struct State {
    var queue = PageQueue()
    var stopping = false
  }

  private let state = Mutex(State())
  private let available: UnsafeMutablePointer<sem_t>
  private let arena: Arena
  private let completion: PageWorker.Completion

  init(arena: Arena, completion: @escaping PageWorker.Completion) {
    self.arena = arena
    self.completion = completion
    available = .allocate(capacity: 1)
    available.initialize(to: sem_t())
    sem_init(available, 0, 0)
  }

  deinit {
    sem_destroy(available)
    available.deallocate()
  }

  var waiting: Int { state.withLock { $0.queue.count } }

  func submit(_ job: PageJob) {
    state.withLock { state in
      guard !state.stopping else { return }
      state.queue.append(job)
    }
    sem_post(available)
  }

  func stop() {
    state.withLock { state in
      state.stopping = true
      state.queue = PageQueue()
    }
    sem_post(available)
  }

  /// The thread's life: does jobs until it is stopped.
  func run() {
    _ = clinux_thread_name("vineyard-pages")
    _ = clinux_block_signals()
    while true {
      while sem_wait(available) != 0 {}
      let (job, stopping) = state.withLock { ($0.queue.next(), $0.stopping) }
      guard !stopping else { return }
      guard let job else { continue }
      completion(job, perform(job))
    }
  }

  private func perform(_ job: PageJob) -> Result<Duration, SharedMemoryError> {
    let arena = job.arena ?? arena
    let clock = ContinuousClock()
    let start = clock.now
    do throws(SharedMemoryError) {
      switch job.work {
      case .populate:
        guard arena.pageKind == .hugetlb || SystemMemory().hasRoom(for: job.length) else {
          throw SharedMemoryError("the machine's memory is nearly used up", code: ENOMEM)
        }
        try arena.populate(offset: job.offset, length: job.length)
      case .release: try arena.release(offset: job.offset, length: job.length)
      case .copy:
        if let source = job.source {
          try arena.copy(from: source.arena, at: source.offset, to: job.offset, length: job.length)
        }
      case .end: try arena.end()
      case .zero: for piece in job.pieces { try arena.zero(offset: piece.lowerBound, length: UInt64(piece.count)) }
      }
      return .success(start.duration(to: clock.now))
    } catch {
      return .failure(error)
    }
  }
}
