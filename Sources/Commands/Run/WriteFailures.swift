import Glibc
import Support
import Synchronization

/// The first failure to write to a standard stream, so that a full disk does not pass for success.
///
/// A reader that went away (EPIPE) has had enough, and a closed stderr is how people ask for silence: neither counts.
final class WriteFailures: Sendable {
  private let failure = Mutex<CommandError?>(nil)

  /// The reason why not all was written, nil when it was.
  var first: CommandError? { failure.withLock { $0 } }

  /// Remembers how a write ended.
  ///
  /// - Parameter code: the error number, nil after a success.
  func note(_ code: Int32?, on stream: StandardStream) {
    guard let code, code != EPIPE, stream == .output || code != EBADF else { return }
    let name = stream == .output ? "stdout" : "stderr"
    failure.withLock { $0 = $0 ?? .system("cannot write everything to \(name)", errno: code) }
  }
}
