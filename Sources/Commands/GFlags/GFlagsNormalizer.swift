import Glibc
import Support

/// Turns a command line in the manner of Google flags into one the argument parser reads.
///
/// It takes one or two dashes, `-` and `_` in names, values behind `=` or in the next word, `--nox`,
/// `--flagfile`, `--fromenv`, `--tryfromenv` and `--undefok`, and the last of several values, as gflags
/// 2.2 does. Flags without effect are checked, dropped and reported as warnings.
public struct GFlagsNormalizer {
  /// A command line for the argument parser, and warnings for the user.
  public struct Result: Sendable, Equatable {
    /// Flags in the spelling `--name=value`, each name once.
    public var arguments: [String]
    /// One line each, to be logged.
    public var warnings: [String]

    /// Makes a result.
    public init(arguments: [String], warnings: [String] = []) {
      self.arguments = arguments
      self.warnings = warnings
    }
  }

  private let environment: (String) -> String?
  private let readFile: (String) throws -> String

  /// A normalizer that sees the world through two functions.
  public init(environment: @escaping (String) -> String?, readFile: @escaping (String) throws -> String) {
    self.environment = environment
    self.readFile = readFile
  }

  /// Normalises the words behind the program's name.
  ///
  /// - Throws: `ProgramError` with code `usage` for an unknown flag or a value of the wrong kind, and
  ///   what reading a flag file throws.
  public func normalize(_ arguments: [String]) throws -> Result {
    var pass = GFlagsPass(environment: environment, readFile: readFile)
    try pass.read(arguments)
    return try pass.result()
  }
}

/// The text of a gflags `--flagfile`: one flag a line, `#` comments, optional sections per program.
struct FlagFile {
  /// The flags that apply to a program, as words of a command line.
  ///
  /// A line without a leading dash lists program name patterns; the flags below it apply only to these
  /// programs. `--name value` on one line is taken too, though gflags wants `--name=value`.
  static func arguments(in text: String, program: String) -> [String] {
    var arguments: [String] = []
    var applies = true
    var inHeading = false
    for line in text.split(whereSeparator: \.isNewline).map({ $0.trimmingBlanks() }) {
      if line.isEmpty || line.hasPrefix("#") { continue }
      if line.hasPrefix("-") {
        inHeading = false
        if applies { arguments += words(of: line) }
        continue
      }
      let matches = line.split(separator: " ").contains { fnmatch(String($0), program, 0) == 0 }
      applies = inHeading ? applies || matches : matches
      inHeading = true
    }
    return arguments
  }

  private static func words(of line: String) -> [String] {
    guard let blank = line.firstIndex(where: \.isWhitespace) else { return [line] }
    if let equals = line.firstIndex(of: "="), equals < blank { return [line] }
    return [String(line[..<blank]), line[blank...].trimmingBlanks()]
  }
}
