import Support
import Testing

@Suite struct TimeSpanTests {
  @Test(
    arguments: [
      ("30s", 30_000), ("1m30s", 90_000), ("1.5h", 5_400_000), ("300ms", 300), ("2m0.5s", 120_500), ("0", 0), ("0s", 0),
      ("45", 45_000), (".5s", 500), ("1h0m1s", 3_601_000), (" 5m ", 300_000), ("+1s", 1000), ("1500us", 1),
    ] as [(String, Int64)])
  func `Go's syntax and plain seconds are read`(_ text: String, _ milliseconds: Int64) throws {
    #expect(try TimeSpan.parse(text).nanoseconds / 1_000_000 == milliseconds)
  }

  @Test(arguments: ["1µs", "1μs", "1us", "1000ns"])
  func `a microsecond has several spellings`(_ text: String) throws {
    #expect(try TimeSpan.parse(text).nanoseconds == 1000)
  }

  @Test(arguments: [
    ("", "it is empty"), ("-5s", "it is negative"), ("5x", "unknown unit 'x'"), ("5 m", "unknown unit ' m'"),
    ("s", "a number is missing before 's'"), ("1m30", "the unit of '30' is missing"), ("1d", "unknown unit 'd'"),
    ("1.2.3s", "a number is missing before '1.2.3s'"), ("300y", "unknown unit 'y'"),
    ("9999999999h", "it is too long"), ("nan", "a number is missing before 'nan'"),
  ])
  func `anything else is a usage error`(_ text: String, _ cause: String) throws {
    let error = try #require(throws: ProgramError.self) { try TimeSpan.parse(text) }
    #expect(error.code == .usage)
    #expect(error.description == "invalid duration '\(text)': \(cause) (hint: write 30s, 5m or 1h30m)")
  }

  @Test(arguments: [
    "0s", "1s", "1m", "1m30s", "1h", "1h30m", "1h1s", "1.5s", "300ms", "1.25ms", "2µs", "7ns", "49h0.001s",
  ])
  func `what is written can be read again`(_ text: String) throws {
    #expect(try TimeSpan.parse(text).description == text)
  }

  @Test func `seconds are exact and stay in range`() {
    #expect(TimeSpan.seconds(90).description == "1m30s")
    #expect(TimeSpan.seconds(.max).nanoseconds == .max)
    #expect(TimeSpan.seconds(-1).nanoseconds == 0)
    #expect(TimeSpan.seconds(2).seconds == 2)
    #expect(TimeSpan.seconds(2).duration == .seconds(2))
  }
}
