import Support
import Testing

@testable import Deployer

@Suite struct TarArchiveTests {
  private static func archive() -> [UInt8] {
    var archive = TarArchive(time: Timestamp(milliseconds: 1_700_000_000_000))
    archive.add("a/b.txt", Array("hello\n".utf8))
    archive.add("empty", [])
    archive.add("large", [UInt8](repeating: 7, count: 1024))
    return archive.finished
  }

  @Test func `what was added is found again`() throws {
    let archive = Self.archive()
    #expect(archive.count.isMultiple(of: 512))
    #expect(try TarArchive.file("a/b.txt", in: archive) == Array("hello\n".utf8))
    #expect(try TarArchive.file("empty", in: archive) == [])
    #expect(try TarArchive.file("large", in: archive)?.count == 1024)
    #expect(try TarArchive.file("other", in: archive) == nil)
  }

  @Test func `an archive that is cut or changed gives an error, never a crash`() {
    let archive = Self.archive()
    for length in stride(from: 0, to: archive.count, by: 100) {
      _ = try? TarArchive.file("large", in: Array(archive.prefix(length)))
    }
    for place in 0..<512 {
      var changed = archive
      changed[place] = 0xFF
      _ = try? TarArchive.file("large", in: changed)
    }
    #expect(throws: ProgramError.self) { try TarArchive.file("x", in: Array(repeating: 65, count: 600)) }
    #expect(throws: ProgramError.self) { try TarArchive.file("x", in: []) }
  }
}
