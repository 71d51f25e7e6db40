import SeededRandom

/// JSON values that fields are not made for.
enum FuzzValues {
  private static let plain = [
    "null", "true", "false", "0", "-0", "1", "-1", "1.0", "1.5", "0.1e1", "1e400", "-1e400", "1E-7",
    "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809",
    "18446744073709551615", "18446744073709551616", "100000000000000000000000000", "4294967296",
    "\"\"", "\"1\"", "\"text\"", "\"\\u0041\\n\\\\\\\"\"", "\"\\ud83d\\ude00\"", "\"ﷺ\"", "\"\\u0000\"",
    "[]", "{}", "[[]]", "[null]", "[1,2.5,\"x\"]", "[18446744073709551616]", "{\"a\":{\"b\":[{}]}}", "{\"id\":1}",
    "{\"id\":\"o8000000000000001\"}", "[[1,2],[3]]", "[[1,2,3]]", "{\"\":\"\"}",
  ]

  /// Values that no parser may accept.
  private static let broken = [
    "\"\\ud800\"", "\"\\udc00\\ud800\"", "\"\\ud800\\u0041\"", "\"\\uZZZZ\"", "\"\\x\"", "\"\u{1}\"", "01", "1.", ".5",
    "+1", "1e", "--1", "0x10", "NaN", "Infinity", "nul", "truefalse", "'a'", "[1,]", "{\"a\"}", "{\"a\":1,}", "{1:1}",
    "[", "{", "\"", "]", "", "[1 2]", "/**/1",
  ]

  static func any(_ random: inout SplitMix64) -> String { random.choose(plain) }

  static func broken(_ random: inout SplitMix64) -> String { random.choose(broken) }

  /// Nested deeply, but well within what is allowed, right at the limit, or far beyond.
  static func deep(_ random: inout SplitMix64) -> String {
    let depth = random.choose([10, 150, 1022, 1023, 1024, 1025, 5000])
    if random.oneIn(2) {
      return String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    return String(repeating: "{\"id\":", count: depth) + "1" + String(repeating: "}", count: depth)
  }

  static func long(_ random: inout SplitMix64) -> String {
    let part = random.choose(["x", "\\\\", "é", "\\u0001", "*a", "[", "("])
    return "\"" + String(repeating: part, count: random.number(below: 20_000)) + "\""
  }
}

/// Patterns of listings, as JSON strings.
enum FuzzPatterns {
  static func wildcard(_ random: inout SplitMix64) -> String {
    let parts = ["*", "?", "[", "]", "[a-z]", "[!a]", "[^", "\\\\", "v", "::", "vineyard", "-", "ü"]
    return "\"" + (0..<random.number(below: 6)).map { _ in random.choose(parts) }.joined() + "\""
  }

  /// Pieces of regular expressions in any order; without nested repetitions, which take exponential time.
  static func expression(_ random: inout SplitMix64) -> String {
    let parts = [
      ".*", "a", "(", ")", "(?:", "(?<n>", "[", "]", "[a-z]", "[^", "|", "{2}", "{2,1}", "{,", "\\\\d", "\\\\1",
      "\\\\k<n>", "\\\\p{L}", "\\\\Q", "\\\\E", "(?i)", "(?=", "(?<!", "$", "^", "\\\\x{110000}", "\\\\u{D800}", "&&",
      "--",
      "[[:alpha:]]", "(?#", "\\\\", "\\\\N{A}", "(?>", "(?(1)", "(*ACCEPT)", "(?R)", "\\\\g{1}", "\\\\c", "\\\\0",
      "vineyard::", "ü",
    ]
    return "\"" + (0..<random.number(below: 6)).map { _ in random.choose(parts) }.joined() + "\""
  }
}
