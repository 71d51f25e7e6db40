import Dispatch
import Synchronization

/// A value that one thread gives and another waits for.
final class Handoff<Value: Sendable>: Sendable {
  private let value = Mutex<Value?>(nil)
  private let given = DispatchSemaphore(value: 0)

  func give(_ value: Value) {
    self.value.withLock { $0 = value }
    given.signal()
  }

  /// The value, once it is given.
  func take(within seconds: Int = 60) throws -> Value {
    guard given.wait(timeout: .now() + .seconds(seconds)) == .success, let value = value.withLock({ $0 }) else {
      throw TestFailure("the server's thread does not answer within \(seconds) s")
    }
    return value
  }
}
