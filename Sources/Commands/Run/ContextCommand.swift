import ArgumentParser

/// A command that takes the world from outside instead of from globals.
public protocol ContextCommand: ParsableCommand {
  /// Does the work.
  ///
  /// - Throws: `CommandError` for everything the user should read.
  mutating func run(_ context: CommandContext) throws
}
