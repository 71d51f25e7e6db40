import CLinux
import Coordination
import Glibc
import Support

/// One run of a program whose output is wanted.
struct PluginProcess: Sendable {
  /// The end of the process.
  enum End: Sendable {
    case exited(status: Int32, output: [UInt8])
    case killed(signal: Int32)
    case timedOut
    case tooMuchOutput
    case cancelled
    /// Failure to start, with an `errno`.
    case notStarted(Int32)
  }

  /// The longest output in bytes.
  static let outputLimit = 1 << 20

  let path: String
  /// The name of the program, then its arguments.
  let arguments: [String]
  let environment: [String]
  /// Whether it gets this process's stdin; otherwise it has none, and is a process group of its own.
  let isInteractive: Bool
  /// Time limit; nil for none.
  let timeLimit: Duration?
  let errorDescriptor: Int32

  /// Starts the program and waits for it on a thread of its own; the end of the task kills it.
  ///
  /// - Throws: `ProgramError` when the system has no resources left.
  func run() async throws -> End {
    let cancellation = try Cancellation()
    return try await withTaskCancellationHandler {
      try await onThread(named: "plugin") { try runBlocking(cancellation) }
    } onCancel: {
      cancellation.cancel()
    }
  }

  private func runBlocking(_ cancellation: borrowing Cancellation) throws(ProgramError) -> End {
    var (readEnd, writeEnd): (Int32, Int32) = (-1, -1)
    let code = clinux_pipe(&readEnd, &writeEnd)
    guard code == 0 else { throw ProgramError.system("cannot create a pipe", errno: -code) }
    defer { close(readEnd) }
    _ = fcntl(readEnd, F_SETFL, O_NONBLOCK)
    let (process, failure) = spawn(output: writeEnd)
    close(writeEnd)
    guard failure == 0 else { return .notStarted(failure) }
    var run = PluginRun(process: process, output: readEnd, isGroup: !isInteractive)
    return run.wait(until: timeLimit, cancellation: cancellation.descriptor)
  }

  private func spawn(output: Int32) -> (process: pid_t, failure: Int32) {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    if !isInteractive { posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0) }
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
    if errorDescriptor != STDERR_FILENO {
      posix_spawn_file_actions_adddup2(&actions, errorDescriptor, STDERR_FILENO)
    }
    _ = clinux_spawn_close_from(&actions, STDERR_FILENO + 1)

    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // This process may block the signals that end it and ignore SIGPIPE; the program must not inherit that.
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    sigaddset(&signals, SIGPIPE)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    var flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
    if !isInteractive { flags |= POSIX_SPAWN_SETPGROUP }
    posix_spawnattr_setflags(&attributes, Int16(flags))

    var arguments: [UnsafeMutablePointer<CChar>?] = self.arguments.map { strdup($0) } + [nil]
    var environment: [UnsafeMutablePointer<CChar>?] = self.environment.map { strdup($0) } + [nil]
    defer { for text in arguments + environment { free(text) } }
    var process = pid_t()
    let failure = posix_spawn(&process, path, &actions, &attributes, &arguments, &environment)
    return (process, failure)
  }
}

/// A descriptor that becomes readable when a run is to end early.
private final class Cancellation: Sendable {
  let descriptor: Int32

  init() throws(ProgramError) {
    descriptor = clinux_eventfd()
    guard descriptor >= 0 else { throw ProgramError.system("cannot create an event", errno: -descriptor) }
  }

  deinit { close(descriptor) }

  func cancel() { _ = clinux_eventfd_notify(descriptor) }
}
