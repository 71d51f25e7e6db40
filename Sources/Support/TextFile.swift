import Glibc

/// Reads small text files such as flag files, without Foundation.
public enum TextFile {
  /// The largest file read, in bytes; what people write by hand is far smaller.
  public static let sizeLimit = 1 << 20

  /// The text of a file.
  ///
  /// - Throws: `CommandError` when it cannot be opened or read, is too large or is not UTF-8.
  public static func read(_ path: String) throws(CommandError) -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw CommandError.system("cannot open \(path)", errno: errno) }
    return try text(of: descriptor, path)
  }

  /// The text of a file, nil when it does not exist.
  ///
  /// - Throws: `CommandError` when it exists and cannot be read, is too large or is not UTF-8.
  public static func readIfPresent(_ path: String) throws(CommandError) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    if descriptor < 0 && (errno == ENOENT || errno == ENOTDIR) { return nil }
    guard descriptor >= 0 else { throw CommandError.system("cannot open \(path)", errno: errno) }
    return try text(of: descriptor, path)
  }

  /// Reads to the end, and closes.
  private static func text(of descriptor: Int32, _ path: String) throws(CommandError) -> String {
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 14)
    while true {
      let count = Glibc.read(descriptor, &chunk, chunk.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw CommandError.system("cannot read \(path)", errno: errno) }
      if count == 0 { break }
      bytes += chunk[..<count]
      guard bytes.count <= sizeLimit else {
        throw CommandError(.failed, "cannot read \(path)", cause: "larger than \(sizeLimit) bytes")
      }
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw CommandError(.failed, "cannot read \(path)", cause: "not UTF-8")
    }
    return text
  }
}
