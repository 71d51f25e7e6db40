import Support
import Testing

@Suite struct MemoryShareTests {
  @Test(
    arguments: [
      ("25%", .percent(25)), ("100%", .percent(100)), (" 1% ", .percent(1)), ("2Gi", .bytes(2 << 30)),
      ("512M", .bytes(512 << 20)), ("4096", .bytes(4096)),
    ] as [(String, MemoryShare)])
  func `shares and sizes are read`(_ text: String, _ share: MemoryShare) throws {
    #expect(try MemoryShare.parse(text, flag: "--x") == share)
  }

  @Test(arguments: ["", "0", "0%", "101%", "-1", "-5%", "1.5%", "%", "half", "5x"])
  func `anything else is a usage error with a hint`(_ text: String) throws {
    let error = try #require(throws: ProgramError.self) { try MemoryShare.parse(text, flag: "--x") }
    #expect(error.code == .usage)
    #expect(error.description.hasPrefix("invalid --x '\(text)'"))
    #expect(error.description.hasSuffix("(hint: write a share, such as 25%, or a size, such as 2Gi)"))
  }

  @Test func `a share is never more than all`() {
    #expect(MemoryShare.percent(50).bytes(of: 1000) == 500)
    #expect(MemoryShare.bytes(300).bytes(of: 1000) == 300)
    #expect(MemoryShare.bytes(3000).bytes(of: 1000) == 1000)
  }
}
