import Glibc
import JSON
import StoreProtocol

/// Bytes received on a connection and not yet consumed.
///
/// Grows with what actually arrives, not with what a header announces, and shrinks when a large message is gone.
final class InputBuffer {
  enum ReadResult {
    case some
    case wouldBlock
    /// There is no memory for a message of this length.
    case noRoom
    case closed
  }

  static let usualCapacity = 16 << 10
  private static let largestKeptCapacity = 1 << 20

  private var base: UnsafeMutableRawPointer
  private var capacity = usualCapacity
  private var start = 0
  private var end = 0

  private let budget: any GrowthBudget

  /// - Parameter budget: what all connections share, with room for the usual capacity.
  init(_ budget: any GrowthBudget) {
    self.budget = budget
    _ = budget.take(Self.usualCapacity)
    base = Self.resized(nil, Self.usualCapacity)
  }

  deinit {
    free(base)
    budget.give(back: capacity)
  }

  /// The system moves a large buffer by its pages, without copying it.
  private static func resized(_ base: UnsafeMutableRawPointer?, _ capacity: Int) -> UnsafeMutableRawPointer {
    guard let memory = realloc(base, capacity) else { fatalError("there is no memory for \(capacity) bytes of input") }
    return memory
  }

  var count: Int { end - start }

  /// Calls read(2) once.
  func read(from file: CInt) -> ReadResult {
    guard makeRoom() else { return .noRoom }
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

  /// - Returns: false when the buffer is full and may not grow.
  private func makeRoom() -> Bool {
    if start == end {
      start = 0
      end = 0
      if capacity > Self.largestKeptCapacity {
        budget.give(back: capacity - Self.usualCapacity)
        resize(Self.usualCapacity)
      }
    }
    guard end == capacity else { return true }
    if start > 0 {
      base.copyMemory(from: base + start, byteCount: count)
      end -= start
      start = 0
    }
    guard capacity - end < capacity / 4 else { return true }
    if budget.take(capacity) { resize(capacity * 2) }
    return end < capacity
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
  ///
  /// - Parameter longest: bytes that it may have.
  func nextFrame(longest: UInt64 = StoreProtocol.Frame.maximumLength) -> Frame {
    guard count >= StoreProtocol.Frame.headerSize else { return .incomplete }
    let length = StoreProtocol.Frame.length(UnsafeRawBufferPointer(start: base + start, count: 8))
    guard length <= longest else { return .tooLong }
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
