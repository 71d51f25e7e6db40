import Glibc
import Logging
import Support
import Testing

/// A log whose reader sleeps.
@Suite struct LogSinkTests {
  private let ends: (read: Int32, write: Int32)

  init() throws {
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    self.ends = (ends[0], ends[1])
  }

  /// What is in the pipe, up to where `isEnough` holds for all that was read.
  private func read(until isEnough: (String) -> Bool) -> String {
    var text = ""
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while !isEnough(text) {
      let count = Glibc.read(ends.read, &buffer, buffer.count)
      guard count > 0 else { break }
      text += String(decoding: buffer[..<count], as: UTF8.self)
    }
    return text
  }

  @Test func `a full pipe stops nobody: lines are dropped, counted and told of`() throws {
    let sink = try LogSink(ends.write)
    let line = String(repeating: "x", count: 999) + "\n"
    // More than the pipe and the queue take.
    let count = 2 * LogSink.capacity / line.utf8.count
    for _ in 0..<count { sink.write(line) }
    let dropped = sink.dropped
    #expect(dropped > 0)
    let kept = count - Int(dropped)
    let text = read { $0.utf8.count(where: { $0 == UInt8(ascii: "x") }) == 999 * kept }
    sink.write("the end\n")
    let rest = read { $0.hasSuffix("the end\n") }
    #expect((text + rest).contains("WARN  \(dropped) lines of the log were dropped: nobody read them in time\n"))
    #expect(sink.dropped == dropped)
  }

  @Test func `lines arrive in their order, and flush waits for them`() throws {
    let sink = try LogSink(ends.write)
    let log = Logger(now: { Timestamp(milliseconds: 0) }, write: { sink.write($0) })
    for index in 0..<100 { log.info("line \(index)") }
    sink.flush()
    let text = read { $0.hasSuffix("line 99\n") }
    #expect(text.split(separator: "\n").map { $0.dropFirst(31) } == (0..<100).map { "line \($0)"[...] })
    #expect(sink.dropped == 0)
  }

  @Test func `a broken stream is counted and does no harm`() throws {
    signal(SIGPIPE, SIG_IGN)
    close(ends.read)
    let sink = try LogSink(ends.write)
    sink.write("nobody\n")
    sink.flush()
    #expect(sink.dropped == 1)
  }
}
