import Crypto
import Glibc
import Support
import Synchronization

/// Keys by which stores prove to each other that they have the same admin token: the token in the file, and the one that
/// was there before, for a while. A new token does not come to all stores in the same moment.
final class PeerSecrets: Sendable {
  /// Nanoseconds for which a token is accepted after another one was found in the file.
  static let overlap: UInt64 = 600_000_000_000

  private struct State {
    var token: [UInt8]?
    var former: [UInt8]?
    var formerEnd: UInt64 = 0
  }

  private let path: String
  private let state = Mutex(State())

  init(path: String) { self.path = path }

  /// Reads the file, and gives the keys that count now, the one of the file first; it waits for the disk.
  ///
  /// - Throws: `ProgramError` when the file cannot be read or has no token.
  func keys(now: UInt64 = monotonicNanoseconds()) throws(ProgramError) -> [SymmetricKey] {
    let token = AdminToken.trimmed(try TextFile.read(path))
    guard !token.isEmpty else { throw ProgramError(.failed, "the admin token in \(path) is empty") }
    return state.withLock { state in
      if let known = state.token, known != token {
        state.former = known
        state.formerEnd = now + Self.overlap
      }
      state.token = token
      if state.former == token || now >= state.formerEnd { state.former = nil }
      return [token, state.former].compactMap { $0.map { SymmetricKey(data: $0) } }
    }
  }
}
