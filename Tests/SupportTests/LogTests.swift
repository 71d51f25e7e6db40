import Logging
import Support
import Synchronization
import Testing

@Suite struct LogTests {
  private static let instant = Timestamp(milliseconds: 1_795_446_245_123)

  @Test func `a line has the time in UTC, the level and the text`() {
    let lines = Lines()
    let log = Logger(minimum: .debug, now: { Self.instant }, write: lines.append)
    log.debug("a")
    log.info("b")
    log.warning("c")
    log.error("d")
    #expect(
      lines.all == [
        "2026-11-23T15:04:05.123Z DEBUG a\n", "2026-11-23T15:04:05.123Z INFO  b\n",
        "2026-11-23T15:04:05.123Z WARN  c\n", "2026-11-23T15:04:05.123Z ERROR d\n",
      ])
  }

  @Test func `an event is one line even if its text has several`() {
    let lines = Lines()
    Logger(now: { Self.instant }, write: lines.append).info("first\nsecond\n")
    #expect(lines.all == ["2026-11-23T15:04:05.123Z INFO  first second\n"])
  }

  @Test func `the text of a dropped event is never built`() {
    let lines = Lines()
    let log = Logger(write: lines.append)
    var built = 0
    func text() -> String {
      built += 1
      return "x"
    }
    log.debug("\(text())")
    #expect(built == 0 && lines.all.isEmpty)
    log.with(minimum: .debug).debug("\(text())")
    #expect(built == 1 && lines.all.count == 1)
  }

  @Test func `the threshold drops what is below it`() {
    let lines = Lines()
    let log = Logger(minimum: .error, write: lines.append)
    log.warning("w")
    log.error("e")
    #expect(lines.all.count == 1)
    #expect(!log.isVerbose && log.with(minimum: .debug).isVerbose)
  }

  @Test func `lines of many threads arrive whole`() async {
    let lines = Lines()
    let log = Logger(write: lines.append)
    await withTaskGroup(of: Void.self) { group in
      for task in 0..<8 {
        group.addTask { for number in 0..<50 { log.info("task \(task) event \(number)") } }
      }
    }
    #expect(lines.all.count == 400)
    #expect(lines.all.allSatisfy { $0.hasSuffix("\n") && $0.contains(" INFO  task ") })
  }

  @Test(
    arguments: [
      (0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"), (951_782_400_007, "2000-02-29T00:00:00.007Z"),
    ] as [(Int64, String)])
  func `a time is written in ISO 8601`(_ milliseconds: Int64, _ text: String) {
    #expect(Timestamp(milliseconds: milliseconds).description == text)
  }
}

/// Collects what a log writes.
private final class Lines: Sendable {
  private let lines = Mutex<[String]>([])

  var all: [String] { lines.withLock { $0 } }

  @Sendable func append(_ line: String) { lines.withLock { $0.append(line) } }
}
