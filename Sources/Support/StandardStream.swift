import Glibc

/// stdout, which carries data, or stderr, which tells the story.
public enum StandardStream: Int32, Sendable {
  case output = 1
  case error = 2

  /// Writes a text, in one `write(2)` unless the kernel takes less; a closed stream is ignored.
  public func write(_ text: String) { writeText(text, to: rawValue) }

  /// Characters in a row when the stream is a terminal, else nil (ioctl_tty(2)); one without a size counts as 80.
  public var terminalColumns: Int? {
    guard isatty(rawValue) == 1 else { return nil }
    var size = winsize()
    guard ioctl(rawValue, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }
}

/// Writes a text to a descriptor, in one `write(2)` unless the kernel takes less; failures are ignored.
public func writeText(_ text: String, to descriptor: Int32) {
  var text = text
  text.withUTF8 { bytes in
    var rest = UnsafeRawBufferPointer(bytes)
    while let base = rest.baseAddress, !rest.isEmpty {
      let count = write(descriptor, base, rest.count)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return }
      rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
    }
  }
}
