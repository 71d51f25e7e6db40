import Synchronization

/// Limits that the connections of an endpoint share.
final class EndpointLoad: Sendable {
  /// Bytes of one body.
  let bodyLimit: Int
  /// Bytes of all bodies that may be held at once, so that many clients cannot use up the memory.
  private let total: Int
  private let held = Atomic(0)
  /// Whether every answer ends its connection.
  let isClosing = Atomic(false)

  init(bodyLimit: Int) {
    self.bodyLimit = bodyLimit
    total = 4 * bodyLimit
  }

  /// - Returns: false when there is no room.
  func take(_ bytes: Int) -> Bool {
    let (_, sum) = held.add(bytes, ordering: .relaxed)
    guard sum > total else { return true }
    give(back: bytes)
    return false
  }

  func give(back bytes: Int) { _ = held.subtract(bytes, ordering: .relaxed) }
}
