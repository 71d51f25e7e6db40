/// Exit status of the process, the same for every command.
public enum ExitStatus: Int32, Sendable, CaseIterable {
  /// The command did what it was asked.
  case ok = 0
  /// The command was understood and failed.
  case failed = 1
  /// The command line was wrong; nothing was done.
  case usage = 2
  /// The object waited for is not ready, or the wait timed out.
  case notReady = 3
  /// The object asked for does not exist.
  case notFound = 4
  /// The user interrupted the command (SIGINT), as shells report it.
  case interrupted = 130
  /// The command was told to end (SIGTERM), as shells report it.
  case terminated = 143
}
