import CCurl
import Glibc

/// The `Retry-After` header (RFC 9110, section 10.2.3): seconds, or a date.
enum RetryAfter {
  /// The time to wait; nil for what is neither.
  static func duration(_ value: String, now: time_t = time(nil)) -> Duration? {
    if let seconds = Int(value) { return seconds >= 0 ? .seconds(seconds) : nil }
    let date = ccurl_getdate(value)
    return date < 0 ? nil : .seconds(max(0, date - now))
  }
}
