import Glibc
import StoreProtocol

/// Bytes received on a connection and not yet consumed.
///
/// Grows with what actually arrives, not with what a header announces, and shrinks when a large message is gone.
final class InputBuffer {
  enum ReadResult {
    case some
    case wouldBlock
    case closed
  }

  private static let usualCapacity = 16 << 10
  private static let largestKeptCapacity = 1 << 20

  private var base: UnsafeMutableRawPointer
  private var capacity = usualCapacity
  private var start = 0
  private var end = 0

  init() { base = Self.resized(nil, Self.usualCapacity) }

  deinit { free(base) }

  /// The system moves a large buffer by its pages, without copying it.
  private static func resized(_ base: UnsafeMutableRawPointer?, _ capacity: Int) -> UnsafeMutableRawPointer {
    guard let memory = realloc(base, capacity) else { fatalError("there is no memory for \(capacity) bytes of input") }
    return memory
  }

  var count: Int { end - start }

  /// Calls read(2) once.
  func read(from file: CInt) -> ReadResult {
    makeRoom()
    while true {
      let count = Glibc.read(file, base + end, capacity - end)
      if count > 0 {
        end += count
        return .some
      }
      if count == 0 { return .closed }
      switch errno {
      case EINTR: continue
      case EAGAIN: return .wouldBlock
      default: return .closed
      }
    }
  }

  private func makeRoom() {
    if start == end {
      start = 0
      end = 0
      if capacity > Self.largestKeptCapacity { resize(Self.usualCapacity) }
    }
    guard end == capacity else { return }
    if start > 0 {
      base.copyMemory(from: base + start, byteCount: count)
      end -= start
      start = 0
    }
    if capacity - end < capacity / 4 { resize(capacity * 2) }
  }

  private func resize(_ newCapacity: Int) {
    base = Self.resized(base, newCapacity)
    capacity = newCapacity
  }

  enum Frame {
    case complete(UnsafeRawBufferPointer)
    case incomplete
    /// Longer than the protocol allows.
    case tooLong
  }

  /// The next message without consuming it; valid until the buffer changes.
  func nextFrame() -> Frame {
    guard count >= StoreProtocol.Frame.headerSize else { return .incomplete }
    let length = StoreProtocol.Frame.length(UnsafeRawBufferPointer(start: base + start, count: 8))
    guard length <= StoreProtocol.Frame.maximumLength else { return .tooLong }
    guard count >= 8 + Int(length) else { return .incomplete }
    return .complete(UnsafeRawBufferPointer(start: base + start + 8, count: Int(length)))
  }

  /// Drops a message returned by ``nextFrame()``.
  func consumeFrame(_ frame: UnsafeRawBufferPointer) { start += 8 + frame.count }

  /// Moves up to `count` bytes out, for raw data behind a message.
  func take(into target: UnsafeMutableRawPointer, atMost limit: Int) -> Int {
    let taken = min(limit, count)
    target.copyMemory(from: base + start, byteCount: taken)
    start += taken
    return taken
  }
}
