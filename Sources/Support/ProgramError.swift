/// The one error that people read, of all parts of this program: what failed, why, and what they can do about it.
public struct ProgramError: Error, Equatable, Sendable {
  /// The kinds of failure that callers tell apart.
  public enum Code: Sendable {
    /// What was asked for was understood and failed.
    case failed
    /// What was asked for makes no sense; nothing was done.
    case usage
    /// What is waited for is not ready, or the wait timed out.
    case notReady
    /// What was asked for does not exist.
    case notFound
  }

  public let code: Code
  /// The failure, without a full stop.
  public let message: String
  /// The cause, usually the text of the error below this one.
  public let cause: String?
  /// Advice to the user.
  public let hint: String?

  /// Makes an error; write the texts in lower case and without a full stop.
  public init(_ code: Code, _ message: String, cause: String? = nil, hint: String? = nil) {
    self.code = code
    self.message = message
    self.cause = cause
    self.hint = hint
  }

  /// The error as people see it on stderr, always one line: `error: message: cause (hint: hint)`.
  public var line: String { "error: \(description)" }
}

extension ProgramError: CustomStringConvertible {
  /// The line without the leading `error:`, for use as the cause of another error.
  public var description: String {
    var text = message
    if let cause, !cause.isEmpty { text += ": \(cause)" }
    if let hint, !hint.isEmpty { text += " (hint: \(hint))" }
    return text.onOneLine
  }
}

extension ProgramError {
  /// An error of the operating system, with the text of `errno` as its cause.
  public static func system(_ message: String, errno code: Int32, hint: String? = nil) -> ProgramError {
    ProgramError(.failed, message, cause: errorText(code), hint: hint)
  }
}
