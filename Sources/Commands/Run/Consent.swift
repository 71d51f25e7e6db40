import Glibc
import Support

/// Asks before something is lost.
struct Consent: Sendable {
  private let context: CommandContext
  private let isGiven: Bool

  /// - Parameter isGiven: whether `--yes` has answered already.
  init(_ context: CommandContext, isGiven: Bool) {
    self.context = context
    self.isGiven = isGiven
  }

  /// Asks a person; without a terminal the command itself is the answer.
  ///
  /// - Parameter action: what is about to happen, as a sentence without a full stop.
  /// - Throws: `ProgramError` with code `failed` when the answer is no.
  func confirm(_ action: String) async throws {
    if isGiven { return }
    guard try await context.ask("\(action)?") == false else { return }
    throw Self.declined
  }

  /// Asks a person; without a terminal only `--yes` is an answer.
  ///
  /// - Throws: `ProgramError` with code `failed` when the answer is no, or when nobody can be asked.
  func require(_ action: String, because cause: String) async throws {
    if isGiven { return }
    switch try await context.ask("\(action)?") {
    case true?: return
    case false?: throw Self.declined
    case nil:
      throw ProgramError(.failed, "\(action) needs your consent", cause: cause, hint: "--yes gives it")
    }
  }

  private static let declined = ProgramError(.failed, "not confirmed; nothing was changed")
}

/// Asks a question on the terminal.
///
/// - Returns: nil when standard input or stderr is no terminal.
/// - Throws: `CancellationError` when the command is interrupted meanwhile.
@Sendable func askOnTerminal(_ question: String) async throws -> Bool? {
  guard isatty(STDIN_FILENO) == 1, StandardStream.error.terminalColumns != nil else { return nil }
  StandardStream.error.write("\(question.onOneLine) [y/N] ")
  // A blocked read would hold up the end after a signal.
  while true {
    var descriptor = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
    if poll(&descriptor, 1, 0) > 0 { break }
    try await Task.sleep(for: .milliseconds(50))
  }
  let answer = readLine() ?? ""
  return ["y", "yes"].contains(answer.lowercased().filter { !$0.isWhitespace })
}
