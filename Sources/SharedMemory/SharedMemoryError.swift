import CLinux
import Glibc

/// Failure of an operation on shared memory, with the system's reason for it.
public struct SharedMemoryError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The operation, in words for a log.
  public let message: String

  /// The errno value of the failed call (errno(3)), or 0 where no call failed.
  public let code: CInt

  public init(_ message: String, code: CInt = 0) {
    self.message = message
    self.code = code
  }

  /// True when there was no memory to be had: none left for this process or cgroup, or the tmpfs
  /// or the huge-page pool is exhausted. EFAULT is how madvise(2) reports what would be a SIGBUS.
  public var isOutOfMemory: Bool {
    [ENOMEM, ENOSPC, EFAULT].contains(code)
  }

  /// The message with the errno text after it.
  public var description: String {
    code == 0 ? message : "\(message): \(String(cString: clinux_error_text(code)))"
  }

  /// The error of a call that has just failed by setting `errno`.
  static func fromErrno(_ message: String) -> SharedMemoryError {
    SharedMemoryError(message, code: errno)
  }

  /// Passes on a CLinux result, or throws what a negative one stands for.
  @discardableResult
  static func check(_ result: CInt, _ message: @autoclosure () -> String) throws(SharedMemoryError) -> CInt {
    guard result >= 0 else { throw SharedMemoryError(message(), code: -result) }
    return result
  }
}
