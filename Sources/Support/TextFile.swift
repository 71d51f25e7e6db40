import Glibc

/// Reads text files such as flag files and kubeconfigs, without Foundation.
public enum TextFile {
  /// The largest file of flags or options, in bytes; what people write by hand is far smaller.
  public static let sizeLimit = 1 << 20

  /// The text of a file.
  ///
  /// - Parameter limit: the largest size in bytes.
  /// - Throws: `ProgramError` when it cannot be opened or read, is too large or is no text.
  public static func read(_ path: String, limit: Int = sizeLimit) throws(ProgramError) -> String {
    try text(of: readBytes(path, limit: limit), path)
  }

  /// The bytes of a file.
  ///
  /// - Parameter limit: the largest size in bytes.
  /// - Throws: `ProgramError` when it cannot be opened or read, or is too large.
  public static func readBytes(_ path: String, limit: Int) throws(ProgramError) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw ProgramError.system("cannot open \(path)", errno: errno) }
    return try bytes(of: descriptor, path, limit: limit)
  }

  /// The text of a file, nil when it does not exist.
  ///
  /// - Throws: `ProgramError` when it exists and cannot be read, is too large or is no text.
  public static func readIfPresent(_ path: String) throws(ProgramError) -> String? {
    guard let bytes = try readBytesIfPresent(path, limit: sizeLimit) else { return nil }
    return try text(of: bytes, path)
  }

  /// The bytes of a file, nil when it does not exist.
  ///
  /// - Parameter limit: the largest size in bytes.
  /// - Throws: `ProgramError` when it exists and cannot be read or is too large.
  public static func readBytesIfPresent(_ path: String, limit: Int) throws(ProgramError) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    if descriptor < 0 && (errno == ENOENT || errno == ENOTDIR) { return nil }
    guard descriptor >= 0 else { throw ProgramError.system("cannot open \(path)", errno: errno) }
    return try bytes(of: descriptor, path, limit: limit)
  }

  /// The text that a file's bytes are: UTF-8, or UTF-16 that begins with a byte order mark.
  ///
  /// - Throws: `ProgramError` when they are neither.
  public static func text(of bytes: [UInt8], _ path: String) throws(ProgramError) -> String {
    guard let text = UnicodeText.decode(bytes) else {
      throw ProgramError(.failed, "cannot read \(path)", cause: "it is no text in UTF-8 or UTF-16")
    }
    return text
  }

  /// Writes a file anew.
  ///
  /// - Throws: `ProgramError` when it cannot be opened or written.
  public static func write(_ text: String, to path: String) throws(ProgramError) {
    try write(Array(text.utf8), to: path, mode: 0o644)
  }

  /// Writes a file anew.
  ///
  /// - Parameter mode: of a file that does not exist yet.
  /// - Throws: `ProgramError` when it cannot be opened or written.
  public static func write(_ bytes: [UInt8], to path: String, mode: UInt32) throws(ProgramError) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
    guard descriptor >= 0 else { throw ProgramError.system("cannot open \(path)", errno: errno) }
    defer { close(descriptor) }
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw ProgramError.system("cannot write \(path)", errno: errno) }
      rest = rest.dropFirst(count)
    }
  }

  /// Reads to the end, and closes.
  private static func bytes(of descriptor: Int32, _ path: String, limit: Int) throws(ProgramError) -> [UInt8] {
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = Glibc.read(descriptor, &chunk, chunk.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw ProgramError.system("cannot read \(path)", errno: errno) }
      if count == 0 { return bytes }
      bytes += chunk[..<count]
      guard bytes.count <= limit else {
        throw ProgramError(.failed, "cannot read \(path)", cause: "larger than \(limit) bytes")
      }
    }
  }
}
