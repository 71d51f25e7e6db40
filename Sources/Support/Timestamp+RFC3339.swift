extension Timestamp {
  /// Reads a time as RFC 3339 writes it: `2026-11-23T15:04:05Z`, with a fraction or an offset such as `+01:00`.
  ///
  /// Digits below the millisecond are dropped; a leap second counts as the second after it.
  ///
  /// - Returns: nil when the text is no such time.
  public init?(rfc3339 text: String) {
    var rest = text.utf8[...]
    guard let year = rest.takeNumber(4), rest.take("-"), let month = rest.takeNumber(2), rest.take("-"),
      let day = rest.takeNumber(2), rest.take("T") || rest.take("t") || rest.take(" "),
      let hour = rest.takeNumber(2), rest.take(":"), let minute = rest.takeNumber(2), rest.take(":"),
      let second = rest.takeNumber(2), let fraction = rest.takeMilliseconds(), let offset = rest.takeOffset(),
      rest.isEmpty, (1...12).contains(month), (1...daysInMonth(month, of: year)).contains(day), hour < 24,
      minute < 60, second <= 60
    else { return nil }
    let seconds = ((daysSince1970(year, month, day) * 24 + hour) * 60 + minute - offset) * 60 + second
    self.init(milliseconds: seconds * 1000 + fraction)
  }
}

/// Days from 1970-01-01 to a date of the Gregorian calendar.
private func daysSince1970(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
  // A year that begins in March has its leap day at the end.
  let shifted = month > 2 ? year : year - 1
  let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
  let leapDays = shifted / 4 - shifted / 100 + shifted / 400
  // 719,468 days lie between 0000-03-01 and 1970-01-01.
  return shifted * 365 + leapDays + dayOfYear - 719_468
}

private func daysInMonth(_ month: Int64, of year: Int64) -> Int64 {
  let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
  return switch month {
  case 2: isLeap ? 29 : 28
  case 4, 6, 9, 11: 30
  default: 31
  }
}

extension Substring.UTF8View {
  fileprivate mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard first == UInt8(ascii: character) else { return false }
    removeFirst()
    return true
  }

  /// A number of exactly some digits.
  fileprivate mutating func takeNumber(_ digits: Int) -> Int64? {
    let text = prefix(digits)
    guard text.count == digits, text.allSatisfy({ (48...57).contains($0) }) else { return nil }
    self = dropFirst(digits)
    return text.reduce(0) { $0 * 10 + Int64($1 - 48) }
  }

  /// The milliseconds of a fraction, zero without one.
  fileprivate mutating func takeMilliseconds() -> Int64? {
    guard take(".") else { return 0 }
    let digits = prefix { (48...57).contains($0) }
    guard !digits.isEmpty else { return nil }
    self = dropFirst(digits.count)
    let milliseconds = Array(digits.prefix(3)) + Array(repeating: 48, count: Swift.max(0, 3 - digits.count))
    return milliseconds.reduce(0) { $0 * 10 + Int64($1 - 48) }
  }

  /// The minutes east of UTC.
  fileprivate mutating func takeOffset() -> Int64? {
    if take("Z") || take("z") { return 0 }
    let sign: Int64
    if take("+") { sign = 1 } else if take("-") { sign = -1 } else { return nil }
    guard let hours = takeNumber(2), take(":"), let minutes = takeNumber(2), hours < 24, minutes < 60 else {
      return nil
    }
    return sign * (hours * 60 + minutes)
  }
}
