import CCurl
import Coordination
import Glibc

/// Decides whether a request is tried again, and after which delay.
struct RetryPolicy: Sendable {
  /// Tries in all.
  var attempts = 6
  /// Tries in all where connections break and none has ever brought an answer.
  var attemptsBeforeFirstAnswer = 3
  /// Tries in all where a server that was there takes no connection in time, which may be half a minute each.
  var attemptsAtTheSilent = 3
  /// The waits between tries.
  var backOff = BackOff(first: .milliseconds(250), longest: .seconds(5))
  /// A server that wants to be left alone for longer gets no second try.
  var longestAsked: Duration = .seconds(30)

  /// Effect of carrying a request out twice.
  enum Effect: Sendable {
    /// None: nothing changes.
    case read
    /// The same: the second time changes nothing more.
    case repeatable
    /// Something may be done twice.
    case once
  }

  /// Facts that speak for and against another try.
  struct Situation {
    /// Tries made so far.
    var attempt: Int
    var effect: Effect
    /// Whether this server has answered this client before.
    var hasAnswered: Bool
  }

  /// The wait before another try; nil when there must not be one.
  func delay(after error: any Error, _ situation: Situation) -> Duration? {
    guard situation.attempt < attempts else { return nil }
    switch error {
    case let error as KubernetesError: return delay(after: error, situation)
    case let error as TransportError:
      return allows(error.kind, situation) ? backOff.delay(after: situation.attempt) : nil
    default: return nil
    }
  }

  private func delay(after error: KubernetesError, _ situation: Situation) -> Duration? {
    let isAllowed =
      switch error.httpStatus {
      case 429: situation.effect != .once || error.retryAfter != nil
      case 502, 503, 504: situation.effect != .once
      case 500:
        situation.effect == .read || situation.effect == .repeatable && (error.retryAfter != nil || error.isPassing)
      default: false
      }
    guard isAllowed else { return nil }
    guard let asked = error.retryAfter else { return backOff.delay(after: situation.attempt) }
    return asked > longestAsked ? nil : max(asked, backOff.delay(after: situation.attempt))
  }

  /// A server that was there a moment ago is restarting; one never seen is more likely the wrong one.
  private func allows(_ kind: TransportError.Kind, _ situation: Situation) -> Bool {
    switch kind {
    case .reset, .malformedAnswer:
      situation.effect != .once && (situation.hasAnswered || situation.attempt < attemptsBeforeFirstAnswer)
    case .unreachable(.refused), .unreachable(.noRoute): situation.hasAnswered
    case .unreachable(.noAnswer): situation.hasAnswered && situation.attempt < attemptsAtTheSilent
    default: false
    }
  }
}

extension KubernetesError {
  /// Whether an internal error is one of etcd's that go away by themselves.
  fileprivate var isPassing: Bool {
    message.contains("leader changed") || message.contains("request timed out")
  }
}

/// The `Retry-After` header (RFC 9110, section 10.2.3): seconds, or a date.
enum RetryAfter {
  /// The time to wait; nil for what is neither.
  static func duration(_ value: String, now: time_t = time(nil)) -> Duration? {
    if let seconds = Int(value) { return seconds >= 0 ? .seconds(seconds) : nil }
    let date = ccurl_getdate(value)
    return date < 0 ? nil : .seconds(max(0, date - now))
  }
}
