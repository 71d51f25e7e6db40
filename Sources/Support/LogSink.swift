import Glibc
import Logging
import Synchronization

/// A way to a stream whose reader may be slow or gone: a thread of its own writes the lines, so that whoever logs never
/// waits. Lines that find no room are dropped and counted, and the log says how many once there is room again.
public final class LogSink: Sendable {
  private struct State {
    var lines: [String] = []
    var bytes = 0
    var dropped: UInt64 = 0
    /// Of `dropped`, those the log has not told of yet.
    var untold: UInt64 = 0
    /// Whether the thread has lines in its hands.
    var isWriting = false
  }

  /// Bytes that wait at most.
  public static let capacity = 1 << 20
  /// Bytes that the thread takes at once; fewer are lost when the stream breaks.
  private static let pieceLength = 32 << 10

  private let state = Mutex(State())
  private let arrived = Semaphore()
  private let descriptor: Int32

  /// Starts the thread, which lives as long as the process.
  ///
  /// - Throws: `ProgramError` when the system refuses another thread.
  public init(_ descriptor: Int32 = StandardStream.error.rawValue) throws(ProgramError) {
    self.descriptor = descriptor
    let isStarted = startThread(named: "vineyard-log") { self.run() }
    if !isStarted { throw ProgramError(.failed, "cannot start the thread of the log") }
  }

  /// Hands a line over; never blocks.
  public func write(_ line: String) {
    let isTaken = state.withLock { state in
      let size = line.utf8.count
      guard state.bytes + size <= Self.capacity else {
        state.dropped += 1
        state.untold += 1
        return false
      }
      state.lines.append(line)
      state.bytes += size
      return true
    }
    if isTaken { arrived.signal() }
  }

  /// Lines that were dropped since the start.
  public var dropped: UInt64 { state.withLock { $0.dropped } }

  /// Returns when everything is written, or after a while when nobody reads.
  public func flush(patience: Duration = .milliseconds(500)) {
    let clock = ContinuousClock()
    let end = clock.now + patience
    while clock.now < end, state.withLock({ $0.isWriting || !$0.lines.isEmpty }) { usleep(1000) }
  }

  private func run() {
    while true {
      arrived.wait()
      while let (text, count) = take() {
        let isWritten = writeWhole(text)
        state.withLock { state in
          state.isWriting = false
          guard !isWritten else { return }
          state.dropped += count
          state.untold += count
        }
      }
    }
  }

  /// The next piece of the log, and its number of lines.
  private func take() -> (text: String, count: UInt64)? {
    state.withLock { state in
      guard !state.lines.isEmpty else { return nil }
      var text = ""
      if state.untold > 0 {
        text = LineLogHandler.line(
          .warning, "\(state.untold) lines of the log were dropped: nobody read them in time", at: .now())
        state.untold = 0
      }
      var count = 0
      var length = 0
      for line in state.lines {
        guard count == 0 || length + line.utf8.count <= Self.pieceLength else { break }
        text += line
        length += line.utf8.count
        count += 1
      }
      state.lines.removeFirst(count)
      state.bytes -= length
      state.isWriting = true
      return (text, UInt64(count))
    }
  }

  /// Writes a text and waits until the stream takes it.
  ///
  /// - Returns: false when the stream is broken or the file system full.
  private func writeWhole(_ text: String) -> Bool {
    var text = text
    return text.withUTF8 { bytes in
      var rest = UnsafeRawBufferPointer(bytes)
      while let base = rest.baseAddress, !rest.isEmpty {
        let count = Glibc.write(descriptor, base, rest.count)
        if count > 0 {
          rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
        } else if errno == EAGAIN {
          var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
          poll(&ready, 1, -1)
        } else if errno != EINTR {
          return false
        }
      }
      return true
    }
  }
}
