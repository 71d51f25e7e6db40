import CLinux
import Glibc
import Synchronization

/// The background thread that populates and releases pages of one arena.
///
/// A job is never interrupted, so one of 64 MiB or less keeps urgent jobs and `stop` prompt.
public final class PageWorker: Sendable {
  /// Called on the worker's thread after each job, with the time it took or why it failed.
  public typealias Completion = @Sendable (PageJob, Result<Duration, SharedMemoryError>) -> Void

  private let line: PageLine
  private let thread: Mutex<pthread_t?>

  /// Starts the thread, named "vineyard-pages".
  ///
  /// - Throws: `SharedMemoryError` where the system refuses another thread.
  public init(arena: Arena, completion: @escaping Completion) throws(SharedMemoryError) {
    line = PageLine(arena: arena, completion: completion)
    let context = Unmanaged.passRetained(line)
    var started = pthread_t()
    let code = pthread_create(
      &started, nil,
      { raw in
        guard let raw else { return nil }
        Unmanaged<PageLine>.fromOpaque(raw).takeRetainedValue().run()
        return nil
      }, context.toOpaque())
    guard code == 0 else {
      context.release()
      throw SharedMemoryError("cannot start the page thread", code: code)
    }
    thread = Mutex(started)
  }

  deinit {
    stop()
  }

  /// Hands over a job; it never blocks. After `stop` the job is dropped.
  public func submit(_ job: PageJob) {
    line.submit(job)
  }

  /// Jobs handed over and not begun.
  public var waiting: Int { line.waiting }

  /// Finishes the job in progress, drops the rest without completion and ends the thread.
  ///
  /// Returns when the thread has ended, or at once when called by a completion.
  public func stop() {
    line.stop()
    let running = thread.withLock { thread in
      defer { thread = nil }
      return thread
    }
    guard let running else { return }
    if pthread_equal(running, pthread_self()) != 0 {
      pthread_detach(running)
    } else {
      pthread_join(running, nil)
    }
  }
}
