extension String {
  /// The text as it may go to a terminal, whoever wrote it: on one line, what controls terminals or turns the direction of
  /// text as escapes.
  ///
  /// - Parameter limit: characters of Unicode that are shown; what follows is an ellipsis.
  public func printable(_ limit: Int = 64) -> String {
    if utf8.count <= limit, utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) { return self }
    var text = ""
    for (count, scalar) in unicodeScalars.enumerated() {
      if count == limit { return text + "…" }
      if scalar.isSafeOnTerminals { text.unicodeScalars.append(scalar) } else { text += scalar.escape }
    }
    return text
  }

  /// JSON with what terminals could obey as escapes, which mean the same in JSON.
  public var jsonForTerminals: String {
    if unicodeScalars.allSatisfy({ $0 == "\n" || $0.isSafeOnTerminals }) { return self }
    var text = ""
    for scalar in unicodeScalars {
      if scalar == "\n" || scalar.isSafeOnTerminals {
        text.unicodeScalars.append(scalar)
      } else {
        for unit in String(scalar).utf16 { text += "\\u" + hexadecimal(UInt32(unit)) }
      }
    }
    return text
  }
}

extension Unicode.Scalar {
  /// Whether it neither controls a terminal nor changes how the text around it looks.
  fileprivate var isSafeOnTerminals: Bool {
    if isASCII { return (0x20..<0x7F).contains(value) }
    switch properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: return false
    default: return true
    }
  }

  fileprivate var escape: String {
    switch self {
    case "\n": "\\n"
    case "\r": "\\r"
    case "\t": "\\t"
    default: value < 0x1_0000 ? "\\u" + hexadecimal(value) : "\\U" + hexadecimal(value, 8)
    }
  }
}

private func hexadecimal(_ value: UInt32, _ width: Int = 4) -> String {
  let digits = String(value, radix: 16)
  return String(repeating: "0", count: max(0, width - digits.count)) + digits
}
