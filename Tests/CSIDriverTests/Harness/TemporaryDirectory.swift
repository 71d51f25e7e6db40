import Glibc
import Logging
import Support
import Synchronization
import Testing

/// A directory with a short name, for sockets, that goes with its last user.
final class TemporaryDirectory: Sendable {
  let path: String

  init() throws {
    var template = Array("/tmp/csiXXXXXX".utf8CString)
    try #require(mkdtemp(&template) != nil)
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit { Self.remove(path) }

  /// Makes a directory below, and those on the way.
  func makeDirectory(_ name: String) throws -> String {
    var path = path
    for part in name.split(separator: "/") {
      path += "/\(part)"
      try #require(mkdir(path, 0o755) == 0 || errno == EEXIST)
    }
    return path
  }

  private static func remove(_ path: String) {
    if let stream = opendir(path) {
      while let entry = readdir(stream) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
          $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != ".", name != "..", unlink("\(path)/\(name)") != 0 { remove("\(path)/\(name)") }
      }
      closedir(stream)
    }
    rmdir(path)
  }
}

/// A file with a text.
final class TemporaryFile: Sendable {
  private let directory: TemporaryDirectory
  let path: String

  init(_ text: String) throws {
    directory = try TemporaryDirectory()
    path = "\(directory.path)/file"
    let file = open(path, O_CREAT | O_WRONLY, 0o600)
    try #require(file >= 0)
    defer { close(file) }
    let bytes = Array(text.utf8)
    try #require(write(file, bytes, bytes.count) == bytes.count)
  }
}

/// The lines of a log.
final class Lines: Sendable {
  private let lines = Mutex<[String]>([])

  var all: [String] { lines.withLock { $0 } }

  var log: Logger { Logger(minimum: .debug, write: { line in self.lines.withLock { $0.append(line) } }) }
}
