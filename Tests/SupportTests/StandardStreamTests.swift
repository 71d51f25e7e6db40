import Glibc
import Logging
import Support
import Testing

@Suite struct StandardStreamTests {
  @Test func `a log line reaches the descriptor as one write`() throws {
    var ends: [Int32] = [0, 0]
    // A sequenced packet socket keeps every write(2) apart, so that a split line would show.
    try #require(socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue), 0, &ends) == 0)
    let (reader, writer) = (ends[0], ends[1])
    defer { close(reader) }
    let log = Logger(write: { writeText($0, to: writer) })
    log.info("hello")
    log.warning("there")
    close(writer)
    let packets = [packet(reader), packet(reader)]
    #expect(packets.map { $0.hasSuffix(" INFO  hello\n") } == [true, false])
    #expect(packets.map { $0.hasSuffix(" WARN  there\n") } == [false, true])
    #expect(packet(reader).isEmpty)
  }

  @Test func `writing to a closed descriptor is ignored`() {
    writeText("lost", to: -1)
  }

  private func packet(_ descriptor: Int32) -> String {
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = read(descriptor, &bytes, bytes.count)
    return String(decoding: bytes[..<max(0, count)], as: UTF8.self)
  }
}
