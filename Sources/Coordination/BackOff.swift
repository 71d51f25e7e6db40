/// Delay after failures in a row: twice as long each time, up to a limit.
public struct BackOff: Sendable {
  public var first: Duration
  public var longest: Duration
  /// A number from 0 to 1: the part of the second half of a delay that is waited.
  public var jitter: @Sendable () -> Double

  /// - Parameter jitter: random, so that many do not come back at once.
  public init(
    first: Duration = .milliseconds(200), longest: Duration = .seconds(60),
    jitter: @escaping @Sendable () -> Double = { Double.random(in: 0...1) }
  ) {
    self.first = first
    self.longest = longest
    self.jitter = jitter
  }

  /// A back-off without chance, for a single client.
  public static func steady(first: Duration, longest: Duration) -> BackOff {
    BackOff(first: first, longest: longest, jitter: { 1 })
  }

  /// Between half and all of the exponential delay.
  ///
  /// - Parameter failures: in a row, at least 1.
  public func delay(after failures: Int) -> Duration {
    let full = min(longest, first * (1 << min(max(failures - 1, 0), 20)))
    return full * (0.5 + 0.5 * jitter())
  }
}
