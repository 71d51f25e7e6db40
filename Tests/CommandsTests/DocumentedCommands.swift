import Glibc
import Support
import Testing

/// The command lines that the documentation shows and that messages recommend.
struct DocumentedCommand: CustomTestStringConvertible, Sendable {
  /// The file, below the repository.
  let file: String
  let words: [String]
  /// Whether it only names a command, in a sentence, so that its flags are not there.
  var isMention = false

  var testDescription: String { "\(file): \(words.joined(separator: " "))" }

  /// Those of README.md, CONTRIBUTING.md, docs/ and examples/, in blocks of code and between backquotes.
  static func ofDocumentation() throws -> [DocumentedCommand] {
    let pages =
      try ["README.md", "CONTRIBUTING.md"] + files(in: "docs", ending: ".md")
      + files(in: "examples", ending: ".md")
    return try pages.flatMap { page in
      let (code, quotes) = excerpts(of: try TextFile.read("\(repository)/\(page)"))
      let mentions = quotes.flatMap { commands(in: $0, page) }.map { command in
        var command = command
        command.isMention = !command.words.contains { $0.hasPrefix("-") }
        return command
      }
      return code.flatMap { commands(in: $0, page) } + mentions
    }
  }

  /// Those between quotes in texts of the sources, such as `'vineyardctl status' shows the pods`.
  static func ofMessages() throws -> [DocumentedCommand] {
    let sources = try ["Commands", "Deployer", "Manifests", "Operator", "KubernetesClient", "CSIDriver"].flatMap {
      try files(in: "Sources/\($0)", ending: ".swift")
    }
    return try sources.flatMap { source in
      let parts = try TextFile.read("\(repository)/\(source)").split(separator: "'", omittingEmptySubsequences: false)
      // What is interpolated is not known here.
      return parts.filter { $0.hasPrefix("vineyardctl ") && !$0.contains("\\(") && !$0.contains("\n") }
        .flatMap { commands(in: String($0), source) }
    }
  }

  private static let repository: String = {
    "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
  }()

  private static func files(in directory: String, ending: String) throws -> [String] {
    let stream = try #require(opendir("\(repository)/\(directory)"))
    defer { closedir(stream) }
    var found: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name.hasPrefix(".") { continue }
      if entry.pointee.d_type == UInt8(DT_DIR) {
        found += try files(in: "\(directory)/\(name)", ending: ending)
      } else if name.hasSuffix(ending) {
        found.append("\(directory)/\(name)")
      }
    }
    return found.sorted()
  }

  /// Lines of blocks of code, joined where a backslash says so, and pieces of text between backquotes.
  private static func excerpts(of page: String) -> (code: [String], quotes: [String]) {
    var lines: [String] = []
    var isCode = false
    var unfinished = ""
    var prose = ""
    for line in page.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.trimmingBlanks().hasPrefix("```") {
        isCode.toggle()
      } else if isCode || line.hasPrefix("    ") {
        if line.hasSuffix("\\") {
          unfinished += "\(line.dropLast()) "
        } else {
          lines.append(unfinished + line)
          unfinished = ""
        }
      } else {
        prose += "\(line)\n"
      }
    }
    let pieces = prose.split(separator: "`", omittingEmptySubsequences: false)
    return (lines, pieces.enumerated().filter { $0.offset % 2 == 1 }.map { String($0.element).onOneLine })
  }

  /// The calls of the program in a line of shell.
  private static func commands(in line: String, _ file: String) -> [DocumentedCommand] {
    let text = line.trimmingBlanks()
    let plain = text.hasPrefix("$ ") ? String(text.dropFirst(2)) : text
    guard let range = plain.firstRange(of: "vineyardctl "),
      range.lowerBound == plain.startIndex || plain[..<range.lowerBound].allSatisfy({ !"'\"(/#=".contains($0) }),
      plain[..<range.lowerBound].split(separator: " ").allSatisfy({ ["sudo", "."].contains($0) || $0.hasSuffix("/") })
    else { return [] }
    // More blanks make columns: what follows describes the program.
    if plain[range.upperBound...].hasPrefix(" ") { return [] }
    let words = ShellWords.read(String(plain[range.lowerBound...])).filter { $0 != "…" && $0 != "..." }
    return words.count > 1 ? [DocumentedCommand(file: file, words: words.map { filled($0) })] : []
  }

  /// A word, or what somebody may write in its place when it is a placeholder: NAMESPACE, or N for a number.
  private static func filled(_ word: String) -> String {
    guard word.allSatisfy({ $0.isASCII && $0.isUppercase }) else { return word }
    return word == "N" ? "1" : word.lowercased()
  }
}

/// The words of a shell's command up to its end: a pipe, a redirection, a comment.
enum ShellWords {
  static func read(_ line: String) -> [String] {
    var words: [String] = []
    var word = ""
    var quote: Character?
    for character in line {
      if let open = quote {
        if character == open { quote = nil } else { word.append(character) }
      } else if character == "'" || character == "\"" {
        quote = character
      } else if character.isWhitespace {
        if !word.isEmpty { words.append(word) }
        word = ""
      } else if "|>;&<)".contains(character) || character == "#" && word.isEmpty {
        break
      } else {
        word.append(character)
      }
    }
    return word.isEmpty ? words : words + [word]
  }
}
