import Glibc
import StoreServer

/// A new directory with a short name, for sockets.
func makeDirectory() throws -> String {
  var template = Array("/tmp/vyXXXXXX".utf8CString)
  guard mkdtemp(&template) != nil else { throw TestFailure("mkdtemp: errno \(errno)") }
  return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

extension ServerConfiguration {
  /// Writes a token beside the socket and lets the server read it there.
  mutating func writeAdminToken(_ token: String) throws {
    let path = "\(socketPath)-token"
    adminTokenFile = path
    try writeFile(path, "\(token)\n")
  }
}

func writeFile(_ path: String, _ text: String) throws {
  let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
  guard file >= 0, write(file, text, text.utf8.count) == text.utf8.count else {
    throw TestFailure("cannot write \(path): errno \(errno)")
  }
  close(file)
}

/// The names in a directory, in ascending order.
func fileNames(in directory: String) -> [String] {
  guard let stream = opendir(directory) else { return [] }
  defer { closedir(stream) }
  var names: [String] = []
  while let entry = readdir(stream) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) {
      $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
    }
    if name != ".", name != ".." { names.append(name) }
  }
  return names.sorted()
}

/// Removes a directory and what is in it.
func removeDirectory(_ directory: String) {
  for name in fileNames(in: directory) where unlink("\(directory)/\(name)") != 0 {
    removeDirectory("\(directory)/\(name)")
  }
  rmdir(directory)
}

/// A directory that goes with its last user.
final class TemporaryDirectory {
  let path: String

  init() throws { path = try makeDirectory() }

  deinit { removeDirectory(path) }
}
