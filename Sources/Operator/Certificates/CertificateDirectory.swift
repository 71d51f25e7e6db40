import Glibc
import Support

/// A directory with `tls.crt` and `tls.key` that change together.
///
/// Both are links through `..data` into a directory of their own, and that one link is exchanged: the way the kubelet
/// mounts Secrets.
struct CertificateDirectory: Sendable {
  let path: String

  private static let link = "..data"
  private static let prefix = "..certificate-"
  private static let files = ["tls.crt", "tls.key"]

  /// Puts a certificate and its key there, both PEM.
  ///
  /// - Returns: false when they are there already.
  /// - Throws: `ProgramError` when the directory cannot be written.
  func write(certificate: [UInt8], key: [UInt8]) throws(ProgramError) -> Bool {
    let contents = [certificate, key]
    guard try !isUpToDate(contents) else { return false }
    try make(path)
    let version = Self.prefix + String(UInt64.random(in: 0...UInt64.max), radix: 16)
    try make("\(path)/\(version)")
    for (name, bytes) in zip(Self.files, contents) { try write(bytes, to: "\(path)/\(version)/\(name)") }
    try exchange(link: Self.link, target: version)
    for name in Self.files { try exchange(link: name, target: "\(Self.link)/\(name)") }
    try removeOthers(than: version)
    return true
  }

  private func isUpToDate(_ contents: [[UInt8]]) throws(ProgramError) -> Bool {
    for (name, bytes) in zip(Self.files, contents) {
      guard let text = try TextFile.readIfPresent("\(path)/\(name)"), Array(text.utf8) == bytes else { return false }
    }
    return true
  }

  private func make(_ directory: String) throws(ProgramError) {
    guard mkdir(directory, 0o700) == 0 || errno == EEXIST else {
      throw ProgramError.system("cannot make \(directory)", errno: errno, hint: "mount a writable volume there")
    }
  }

  private func write(_ bytes: [UInt8], to file: String) throws(ProgramError) {
    let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw ProgramError.system("cannot write \(file)", errno: errno) }
    defer { close(descriptor) }
    var written = 0
    while written < bytes.count {
      let count = Glibc.write(descriptor, Array(bytes[written...]), bytes.count - written)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw ProgramError.system("cannot write \(file)", errno: errno) }
      written += count
    }
  }

  /// Lets a link point elsewhere in one step.
  private func exchange(link: String, target: String) throws(ProgramError) {
    let new = "\(path)/\(link).new"
    unlink(new)
    guard symlink(target, new) == 0, rename(new, "\(path)/\(link)") == 0 else {
      throw ProgramError.system("cannot write \(path)/\(link)", errno: errno)
    }
  }

  private func removeOthers(than version: String) throws(ProgramError) {
    guard let directory = opendir(path) else { throw ProgramError.system("cannot read \(path)", errno: errno) }
    defer { closedir(directory) }
    var old: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name.hasPrefix(Self.prefix), name != version { old.append(name) }
    }
    for name in old {
      for file in Self.files { unlink("\(path)/\(name)/\(file)") }
      rmdir("\(path)/\(name)")
    }
  }
}
