import Glibc
import Support

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
