import Glibc

/// stdout, which carries data, or stderr, which tells the story.
public enum StandardStream: Int32, Sendable {
  case output = 1
  case error = 2

  /// Writes a text, in one `write(2)` unless the kernel takes less.
  ///
  /// - Returns: the error number of what was not written, nil when all of it was.
  @discardableResult
  public func write(_ text: String) -> Int32? { writeText(text, to: rawValue) }

  /// Characters in a row when the stream is a terminal, else nil (ioctl_tty(2)); one without a size counts as 80.
  public var terminalColumns: Int? {
    guard isatty(rawValue) == 1 else { return nil }
    var size = winsize()
    guard ioctl(rawValue, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }
}

/// Writes a text to a descriptor, in one `write(2)` unless the kernel takes less, and waits while a pipe is full.
///
/// - Returns: the error number of what was not written, nil when all of it was.
@discardableResult
public func writeText(_ text: String, to descriptor: Int32) -> Int32? {
  var text = text
  return text.withUTF8 { bytes in
    var rest = UnsafeRawBufferPointer(bytes)
    while let base = rest.baseAddress, !rest.isEmpty {
      let count = write(descriptor, base, rest.count)
      if count > 0 {
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
      } else if count < 0, errno == EAGAIN {
        var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        poll(&ready, 1, -1)
      } else if count == 0 || errno != EINTR {
        return count == 0 ? EIO : errno
      }
    }
    return nil
  }
}
