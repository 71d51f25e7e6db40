/// A length of time as people write it: `30s`, `1m30s`, `1.5h`, `300ms`.
public struct TimeSpan: Sendable, Hashable, Comparable {
  /// The length in nanoseconds, never negative.
  public let nanoseconds: Int64

  /// Makes a span; a negative length counts as none.
  public init(nanoseconds: Int64) { self.nanoseconds = max(0, nanoseconds) }

  /// Makes a span of whole seconds.
  public static func seconds(_ seconds: Int64) -> TimeSpan {
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    return TimeSpan(nanoseconds: overflow ? (seconds < 0 ? 0 : .max) : product)
  }

  /// The length in seconds.
  public var seconds: Double { Double(nanoseconds) / 1e9 }

  /// The length for Swift's clocks.
  public var duration: Duration { .nanoseconds(nanoseconds) }

  public static func < (left: TimeSpan, right: TimeSpan) -> Bool { left.nanoseconds < right.nanoseconds }
}

extension TimeSpan {
  /// Reads the duration syntax of Go (`time.ParseDuration`): numbers with the units h, m, s, ms, us, µs and ns, one
  /// after the other. A number without a unit is seconds.
  ///
  /// - Throws: `ProgramError` with code `usage`, also for a negative length and for more than 292 years.
  public static func parse(_ text: String) throws(ProgramError) -> TimeSpan {
    var rest = text.trimmingBlanks()[...]
    if rest.first == "+" { rest.removeFirst() }
    guard !rest.isEmpty else { throw invalid(text, "it is empty") }
    guard rest.first != "-" else { throw invalid(text, "it is negative") }
    var total: Double = 0
    var isFirst = true
    while !rest.isEmpty {
      let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
      guard let value = Double(number) else { throw invalid(text, "a number is missing before '\(rest)'") }
      rest = rest.dropFirst(number.count)
      let unit = rest.prefix { !($0.isASCII && ($0.isNumber || $0 == ".")) }
      rest = rest.dropFirst(unit.count)
      if unit.isEmpty && isFirst {
        total = value * 1e9
      } else if unit.isEmpty {
        throw invalid(text, "the unit of '\(number)' is missing")
      } else {
        guard let length = nanosecondsPerUnit[String(unit)] else { throw invalid(text, "unknown unit '\(unit)'") }
        total += value * length
      }
      isFirst = false
    }
    guard total < Double(Int64.max) else { throw invalid(text, "it is too long") }
    return TimeSpan(nanoseconds: Int64(total.rounded()))
  }

  private static let nanosecondsPerUnit: [String: Double] = [
    "h": 3600e9, "m": 60e9, "s": 1e9, "ms": 1e6, "us": 1e3, "µs": 1e3, "μs": 1e3, "ns": 1,
  ]

  private static func invalid(_ text: String, _ cause: String) -> ProgramError {
    ProgramError(.usage, "invalid duration '\(text)'", cause: cause, hint: "write 30s, 5m or 1h30m")
  }
}

extension TimeSpan: CustomStringConvertible {
  /// The span as Go writes it without zero parts: `1h30m`, `1.5s`, `300ms`, `0s`.
  public var description: String {
    if nanoseconds == 0 { return "0s" }
    if nanoseconds < 1_000 { return "\(nanoseconds)ns" }
    if nanoseconds < 1_000_000 { return "\(Self.decimal(nanoseconds, 1_000))µs" }
    if nanoseconds < 1_000_000_000 { return "\(Self.decimal(nanoseconds, 1_000_000))ms" }
    let (minutes, rest) = nanoseconds.quotientAndRemainder(dividingBy: 60_000_000_000)
    let (hours, minute) = minutes.quotientAndRemainder(dividingBy: 60)
    var text = hours > 0 ? "\(hours)h" : ""
    if minute > 0 { text += "\(minute)m" }
    if rest > 0 { text += "\(Self.decimal(rest, 1_000_000_000))s" }
    return text
  }

  /// A quotient with as many decimals as it needs; `unit` is a power of ten.
  private static func decimal(_ value: Int64, _ unit: Int64) -> String {
    let (whole, fraction) = value.quotientAndRemainder(dividingBy: unit)
    if fraction == 0 { return String(whole) }
    let digits = String(String(unit + fraction).dropFirst())
    let end = digits.lastIndex { $0 != "0" } ?? digits.startIndex
    return "\(whole).\(digits[...end])"
  }
}
