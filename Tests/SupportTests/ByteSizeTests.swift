import Support
import Testing

@Suite struct ByteSizeTests {
  /// The first two lines were measured with vineyardd 0.24.2 (store-protocol, section 7.1, and its binary).
  @Test(
    arguments: [
      ("1M", 1_048_576), ("1MB", 1_048_576), ("1.5Mi", 1_572_864), ("1000000", 1_000_000), ("2097152B", 2_097_152),
      ("1e", 1 << 60), ("1e3", 1000), (".5G", 536_870_912), ("0x10", 16), ("1b", 1),
      ("1k", 1024), ("1K", 1024), ("1g", 1 << 30), ("2T", 2 << 40), ("1P", 1 << 50), ("3E", 3 << 60),
      ("256Mi", 268_435_456), ("1gib", 1 << 30), ("1 GiB", 1 << 30), (" 7 ", 7), ("+2k", 2048),
    ] as [(String, UInt64)])
  func `a number with a unit is read in powers of 1024`(_ text: String, _ bytes: UInt64) throws {
    #expect(try ByteSize.parse(text) == ByteSize(bytes: bytes))
  }

  @Test(arguments: ["", "  ", "0", "-5", "0G", "-1Gi"])
  func `nothing or a number not above zero means no limit given`(_ text: String) throws {
    #expect(try ByteSize.parse(text) == nil)
  }

  @Test(
    arguments: [
      "G", "abc", "12Q", "5x", "1,5G", "inf", "nan", "-", "+-1", "16E", "1e400", "--stream_threshold",
      "32M=3", "32M,5", "32Mfoo", "32M 64M", "1Gi b", "1Gbi", "1iB", "1bb", "1bytes", "1e b b", "0foo",
    ])
  func `garbage is a usage error that quotes it`(_ text: String) throws {
    let error = try #require(throws: ProgramError.self) { try ByteSize.parse(text) }
    #expect(error.code == .usage)
    #expect(error.line.contains("invalid size '\(text)'"))
  }

  @Test(
    arguments: [
      (0, "0 B"), (17, "17 B"), (1023, "1023 B"), (1024, "1 KiB"), (1536, "1.5 KiB"), (1_572_864, "1.5 MiB"),
      (536_870_912, "512 MiB"), (1_610_612_736, "1.5 GiB"), (1_048_575, "1 MiB"), (UInt64.max, "16 EiB"),
    ] as [(UInt64, String)])
  func `a size is described with one decimal and a binary unit`(_ bytes: UInt64, _ text: String) {
    #expect(ByteSize(bytes: bytes).description == text)
  }

  @Test func `what is described can be read back`() throws {
    #expect(try ByteSize.parse(ByteSize(bytes: 3 << 29).description) == ByteSize(bytes: 3 << 29))
  }
}
