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
    case .failure(is CancellationError): throw CommandError(status, "interrupted", hint: hint)
    case .failure(let error):
      if let error = CommandError(told: error) {
        throw CommandError(status, error.message, cause: error.cause, hint: error.hint)
      }
      throw CommandError(status, "interrupted", cause: "\(error)", hint: hint)
    case .success, nil: return endsBySignal ? .ok : status
    }
  }
}
