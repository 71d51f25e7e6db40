/// Delay after failures in a row: twice as long each time, up to a limit.
struct BackOff: Sendable {
  var first: Duration = .milliseconds(200)
  var longest: Duration = .seconds(60)
  /// A number from 0 to 1, so that many do not come back at once.
  var jitter: @Sendable () -> Double = { Double.random(in: 0...1) }

  /// Between half and all of the exponential wait.
  ///
  /// - Parameter failures: in a row, at least 1.
  func delay(after failures: Int) -> Duration {
    let full = min(longest, first * (1 << min(max(failures - 1, 0), 20)))
    return full * (0.5 + 0.5 * jitter())
  }
}
