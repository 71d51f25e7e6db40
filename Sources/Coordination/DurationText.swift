/// Times in messages.
extension Duration {
  /// The time as people say it, to a tenth of a second: `6 seconds`, `1.5 seconds`, `200 milliseconds`.
  public var text: String {
    let (seconds, attoseconds) = components
    if seconds == 0 {
      let milliseconds = attoseconds / 1_000_000_000_000_000
      return "\(milliseconds) millisecond\(milliseconds == 1 ? "" : "s")"
    }
    let tenths = attoseconds / 100_000_000_000_000_000
    if tenths != 0 { return "\(seconds).\(abs(tenths)) seconds" }
    return "\(seconds) second\(seconds == 1 ? "" : "s")"
  }
}
