import CLinux
import Glibc

/// Tells several threads that wait in poll(2) to end.
final class StopSignal: Sendable {
  /// Readable from `raise` on.
  let descriptor: CInt

  /// - Throws: `TransportFailure` when the process has no descriptors left.
  init() throws {
    descriptor = clinux_eventfd()
    guard descriptor >= 0 else {
      throw TransportFailure(.unusable, "cannot create an eventfd: \(String(cString: clinux_error_text(-descriptor)))")
    }
  }

  deinit { close(descriptor) }

  func raise() { _ = clinux_eventfd_notify(descriptor) }
}

/// Waits for one of some descriptors (poll(2)).
///
/// - Parameter timeout: milliseconds, negative for ever.
/// - Returns: whether anything happened before the timeout.
func awaitEvents(_ descriptors: inout [pollfd], timeout: CInt = -1) -> Bool {
  while true {
    let count = poll(&descriptors, nfds_t(descriptors.count), timeout)
    if count >= 0 { return count > 0 }
    if errno != EINTR { return true }
  }
}
