import ArgumentParser

/// A command that takes the world from outside instead of from globals.
public protocol ContextCommand: ParsableCommand {
  /// Does the work.
  ///
  /// - Throws: `ProgramError` for everything the user should read.
  mutating func run(_ context: CommandContext) throws
}

/// A command that works asynchronously, and takes the world from outside instead of from globals.
///
/// The first SIGINT or SIGTERM cancels its task, the second one ends the process.
public protocol AsyncContextCommand: ParsableCommand {
  /// Does the work.
  ///
  /// - Throws: `ProgramError` for everything the user should read; `CancellationError` after an interruption, unless
  ///   it has more to tell than `interruptionHint`.
  mutating func run(_ context: CommandContext) async throws

  /// Advice on going on after an interruption, without a full stop.
  var interruptionHint: String { get }

  /// Whether a signal is how it is meant to end, as with a server: then the exit status is 0.
  var endsBySignal: Bool { get }
}

extension AsyncContextCommand {
  public var endsBySignal: Bool { false }

  public var interruptionHint: String { "run the same command again, it goes on where it was stopped" }
}
