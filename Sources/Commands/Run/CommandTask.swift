import Glibc
import Support
import Synchronization

/// One run of an asynchronous command, which a thread waits for and signals cancel.
final class CommandTask: Sendable {
  private struct State {
    var task: Task<Void, Never>?
    var signal: Int32?
    var result: Result<Void, any Error>?
  }

  private let state = Mutex(State())
  private let end = Semaphore()

  /// Runs a command to its end.
  ///
  /// - Returns: how the process should end: `ok`, or what a signal asks for.
  /// - Throws: what the command throws; after a signal a `CommandError` with the status of the signal.
  static func run(_ command: sending any AsyncContextCommand, _ context: CommandContext) throws -> ExitStatus {
    let run = CommandTask()
    context.watchSignals { run.interrupt($0) }
    let (hint, endsBySignal) = (command.interruptionHint, command.endsBySignal)
    run.start(command, context)
    run.end.wait()
    return try run.outcome(hint: hint, endsBySignal: endsBySignal)
  }

  private func start(_ command: sending any AsyncContextCommand, _ context: CommandContext) {
    let task = Task.detached {
      var command = command
      let result: Result<Void, any Error>
      do {
        try await command.run(context)
        result = .success(())
      } catch {
        result = .failure(error)
      }
      self.state.withLock { $0.result = result }
      self.end.signal()
    }
    let isInterrupted = state.withLock { state in
      state.task = task
      return state.signal != nil
    }
    if isInterrupted { task.cancel() }
  }

  private func interrupt(_ signal: Int32) {
    let task = state.withLock { state in
      state.signal = signal
      return state.task
    }
    task?.cancel()
  }

  private func outcome(hint: String, endsBySignal: Bool) throws -> ExitStatus {
    let (signal, result) = state.withLock { ($0.signal, $0.result) }
    guard let signal else {
      try result?.get()
      return .ok
    }
    let status: ExitStatus = signal == SIGINT ? .interrupted : .terminated
    switch result {
    case .failure(is CancellationError): throw CommandError(status, ProgramError(.failed, "interrupted", hint: hint))
    case .failure(let error):
      let told = CommandError(told: error)?.error
      throw CommandError(status, told ?? ProgramError(.failed, "interrupted", cause: "\(error)", hint: hint))
    case .success, nil: return endsBySignal ? .ok : status
    }
  }
}

/// Hands the first SIGINT or SIGTERM to a function; a second one ends the process as if it were not watched.
///
/// Call it before any other thread starts: the signals are blocked in this thread and in those it starts, so that
/// only the watching thread sees them. Signals the parent had set to be ignored stay ignored.
func watchInterrupts(_ signalled: @escaping @Sendable (Int32) -> Void) {
  let signals = [SIGINT, SIGTERM].filter { !isIgnored($0) }
  guard !signals.isEmpty else { return }
  var set = sigset_t()
  sigemptyset(&set)
  for signal in signals { sigaddset(&set, signal) }
  guard pthread_sigmask(SIG_BLOCK, &set, nil) == 0 else { return }
  let watched = set
  let started = startThread(named: "signals") {
    signalled(nextSignal(of: watched))
    let last = nextSignal(of: watched)
    signal(last, SIG_DFL)
    var unblocked = watched
    pthread_sigmask(SIG_UNBLOCK, &unblocked, nil)
    kill(getpid(), last)
  }
  if !started { pthread_sigmask(SIG_UNBLOCK, &set, nil) }
}

/// Waits for one of some blocked signals.
private func nextSignal(of set: sigset_t) -> Int32 {
  var set = set
  var number: Int32 = 0
  while sigwait(&set, &number) != 0 {}
  return number
}

/// Whether a signal has no effect, as nohup(1) and shells arrange it for background jobs.
private func isIgnored(_ number: Int32) -> Bool {
  var action = sigaction()
  guard sigaction(number, nil, &action) == 0, let handler = action.__sigaction_handler.sa_handler else { return false }
  return unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
}
