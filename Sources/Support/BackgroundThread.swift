import CLinux
import Glibc
import Synchronization

/// A thread on which all signals are blocked, so that a broken connection cannot raise SIGPIPE.
public final class BackgroundThread: Sendable {
  private final class Start: Sendable {
    let name: String
    let body: @Sendable () -> Void

    init(name: String, body: @escaping @Sendable () -> Void) {
      self.name = name
      self.body = body
    }
  }

  private let thread: Mutex<pthread_t?>

  /// Starts a thread.
  ///
  /// - Throws: `ProgramError` when the system refuses another one; then `body` never runs.
  public init(named name: String, _ body: @escaping @Sendable () -> Void) throws(ProgramError) {
    let context = Unmanaged.passRetained(Start(name: name, body: body))
    var started = pthread_t()
    let code = pthread_create(
      &started, nil,
      { raw in
        guard let raw else { return nil }
        let start = Unmanaged<Start>.fromOpaque(raw).takeRetainedValue()
        _ = clinux_block_signals()
        _ = clinux_thread_name(start.name)
        start.body()
        return nil
      }, context.toOpaque())
    guard code == 0 else {
      context.release()
      throw ProgramError.system("cannot start a thread", errno: code)
    }
    thread = Mutex(started)
  }

  /// Returns when the thread has ended.
  public func join() {
    let running = thread.withLock { thread in
      defer { thread = nil }
      return thread
    }
    if let running { pthread_join(running, nil) }
  }

  deinit {
    if let running = thread.withLock({ $0 }) { pthread_detach(running) }
  }
}

/// Starts a thread that nobody waits for.
///
/// - Returns: false when the system refuses another thread; then `body` never runs.
public func startThread(named name: String, _ body: @escaping @Sendable () -> Void) -> Bool {
  (try? BackgroundThread(named: name, body)) != nil
}
