import Glibc
import Support
import Testing

@Suite("addresses of Unix sockets")
final class UnixAddressTests {
  private let directory: String
  private let path: String
  private let file = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
  private let other = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)

  init() throws {
    var template = Array("/tmp/address-XXXXXX\0".utf8.map { CChar($0) })
    try #require(mkdtemp(&template) != nil)
    directory = String(decoding: template.dropLast().map { UInt8($0) }, as: UTF8.self)
    path = "\(directory)/a.sock"
  }

  deinit {
    close(file)
    close(other)
    unlink(path)
    rmdir(directory)
  }

  private var mode: mode_t? {
    var status = stat()
    return lstat(path, &status) == 0 ? status.st_mode : nil
  }

  @Test("a socket has the mode that was asked for, whatever the umask is", arguments: [0o600, 0o660, 0o666, 0o777])
  func mode(_ asked: mode_t) throws {
    #expect(try UnixAddress(path).bind(file, mode: asked) == 0)
    #expect(mode == S_IFSOCK | asked)
  }

  @Test("[Error] what is there already stays as it is")
  func taken() throws {
    #expect(try UnixAddress(path).bind(file, mode: 0o600) == 0)
    #expect(try UnixAddress(path).bind(other, mode: 0o666) == EADDRINUSE)
    #expect(mode == S_IFSOCK | 0o600)
  }
}
