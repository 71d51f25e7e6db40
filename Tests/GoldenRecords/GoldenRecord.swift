import Glibc
import Support

/// Recorded outputs in the folder `Golden` beside the file of a test.
public enum GoldenRecord {
  /// The recorded text; with `UPDATE_GOLDEN` set it is replaced by the new one first.
  ///
  /// - Parameter file: the test's file, `#filePath`.
  /// - Throws: `ProgramError` when there is no record.
  public static func text(of name: String, besides file: String, accepting text: String) throws -> String {
    try Self.text(at: "\(file[..<(file.lastIndex(of: "/") ?? file.endIndex)])/Golden/\(name)", accepting: text)
  }

  /// The recorded text at a path; with `UPDATE_GOLDEN` set it is replaced by the new one first.
  ///
  /// - Throws: `ProgramError` when there is no record.
  public static func text(at path: String, accepting text: String) throws -> String {
    if getenv("UPDATE_GOLDEN") != nil {
      let record = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
      guard record >= 0 else { throw ProgramError.system("cannot write \(path)", errno: errno) }
      writeText(text, to: record)
      close(record)
    }
    return try TextFile.read(path)
  }
}
