import Glibc
import Support
import Testing

@Suite struct TextFileTests {
  @Test func `a file is read whole`() throws {
    let path = try temporaryFile(Array("--size=1G\n# ü\n".utf8))
    defer { unlink(path) }
    #expect(try TextFile.read(path) == "--size=1G\n# ü\n")
  }

  @Test func `a missing file is an error with the system's reason`() throws {
    let error = try #require(throws: ProgramError.self) { try TextFile.read("/nonexistent/flags") }
    #expect(error.line == "error: cannot open /nonexistent/flags: No such file or directory")
  }

  @Test func `a file that may be missing is nil when it is`() throws {
    let path = try temporaryFile(Array("x".utf8))
    defer { unlink(path) }
    #expect(try TextFile.readIfPresent(path) == "x")
    #expect(try TextFile.readIfPresent("/nonexistent/x") == nil)
    #expect(try TextFile.readIfPresent("\(path)/x") == nil)
    #expect(throws: ProgramError.self) { try TextFile.readIfPresent("/tmp") }
  }

  @Test func `a directory cannot be read`() throws {
    let error = try #require(throws: ProgramError.self) { try TextFile.read("/tmp") }
    #expect(error.cause == "Is a directory")
  }

  @Test(arguments: [[0xC3], [0xFF, 0xFE, 0x41], [0xFF, 0xFE, 0x00, 0xD8]] as [[UInt8]])
  func `bytes that are no text are refused`(_ bytes: [UInt8]) throws {
    let path = try temporaryFile(bytes)
    defer { unlink(path) }
    let error = try #require(throws: ProgramError.self) { try TextFile.read(path) }
    #expect(error.cause == "it is no text in UTF-8 or UTF-16")
  }

  @Test(
    arguments: [
      [0xC3, 0xBC], [0xEF, 0xBB, 0xBF, 0xC3, 0xBC], [0xFF, 0xFE, 0xFC, 0x00], [0xFE, 0xFF, 0x00, 0xFC],
    ] as [[UInt8]])
  func `a byte order mark names the encoding, and is no part of the text`(_ bytes: [UInt8]) throws {
    let path = try temporaryFile(bytes)
    defer { unlink(path) }
    #expect(try TextFile.read(path) == "ü")
  }

  @Test func `an endless file is refused`() throws {
    let error = try #require(throws: ProgramError.self) { try TextFile.read("/dev/zero") }
    #expect(error.cause == "larger than \(TextFile.sizeLimit) bytes")
  }

  private func temporaryFile(_ bytes: [UInt8]) throws -> String {
    var template = Array("/tmp/text-file-XXXXXX".utf8CString)
    let descriptor = mkstemp(&template)
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    #expect(write(descriptor, bytes, bytes.count) == bytes.count)
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
