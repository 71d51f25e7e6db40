import CLinux
import Glibc

/// Files below a directory in which anybody may have put anything.
///
/// No symbolic link is followed, and nothing but regular files is opened: no FIFO blocks and no device notices.
public enum ContainedFile {
  /// The bytes of a regular file.
  ///
  /// - Parameters:
  ///   - path: relative to `directory`, an open directory.
  ///   - limit: most bytes the file may have.
  ///   - trusts: whether a file with this status is taken.
  /// - Returns: nil when there is none.
  /// - Throws: `ProgramError` for anything else than a regular file, one that is too large, not trusted or unreadable.
  public static func read(
    _ path: String, in directory: CInt, limit: Int, trusts: (stat) -> Bool = { _ in true }
  ) throws(ProgramError) -> [UInt8]? {
    let name = clinux_open_beneath(directory, path, CLINUX_O_PATH)
    if name == -ENOENT || name == -ENOTDIR { return nil }
    guard name >= 0 else { throw ProgramError.system("cannot read \(path)", errno: -name) }
    defer { close(name) }
    var status = stat()
    guard fstat(name, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw ProgramError(.failed, "\(path) is not a regular file")
    }
    guard trusts(status) else { throw ProgramError(.failed, "\(path) was not written by this program") }
    let file = open("/proc/self/fd/\(name)", O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard file >= 0 else { throw ProgramError.system("cannot read \(path)", errno: errno) }
    defer { close(file) }
    return try bytes(of: file, path, limit: limit)
  }

  private static func bytes(of file: CInt, _ path: String, limit: Int) throws(ProgramError) -> [UInt8] {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 14)
    while bytes.count <= limit {
      let count = Glibc.read(file, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw ProgramError.system("cannot read \(path)", errno: errno) }
      if count == 0 { return bytes }
      bytes += chunk[..<count]
    }
    throw ProgramError(.failed, "\(path) has more than \(limit) bytes")
  }
}
