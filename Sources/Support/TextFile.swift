import Glibc

/// Reads small text files such as flag files, without Foundation.
public enum TextFile {
  /// The largest file read, in bytes; what people write by hand is far smaller.
  public static let sizeLimit = 1 << 20

  /// The text of a file.
  ///
  /// - Throws: `CommandError` when it cannot be opened or read, is too large or is not UTF-8.
  public static func read(_ path: String) throws -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw CommandError.system("cannot open \(path)", errno: errno) }
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
