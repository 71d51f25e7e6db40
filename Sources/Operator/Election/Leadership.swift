import Synchronization

/// Whether this process may write. A leader that could not renew its lease in time may not, whatever it is doing.
final class Leadership: Sendable {
  /// A write was about to happen without a lease.
  struct Lost: Error, CustomStringConvertible {
    var description: String { "another replica leads" }
  }

  private enum State {
    case none
    case until(ContinuousClock.Instant)
    case always
  }

  private let state: Mutex<State>

  /// Nobody leads yet.
  init() { state = Mutex(.none) }

  private init(_ state: State) { self.state = Mutex(state) }

  /// For the only replica, which needs no lease.
  static var sole: Leadership { Leadership(.always) }

  /// Whether writing is allowed now.
  var isHeld: Bool {
    state.withLock { state in
      switch state {
      case .none: false
      case .until(let end): ContinuousClock.now < end
      case .always: true
      }
    }
  }

  /// - Throws: `Lost` when writing is not allowed now.
  func check() throws {
    guard isHeld else { throw Lost() }
  }

  func extend(until end: ContinuousClock.Instant) { state.withLock { $0 = .until(end) } }

  func end() { state.withLock { $0 = .none } }
}
