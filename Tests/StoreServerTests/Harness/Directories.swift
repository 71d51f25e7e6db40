import Glibc

/// A new directory with a short name, for sockets.
func makeDirectory() throws -> String {
  var template = Array("/tmp/vyXXXXXX".utf8CString)
  guard mkdtemp(&template) != nil else { throw TestFailure("mkdtemp: errno \(errno)") }
  return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
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
