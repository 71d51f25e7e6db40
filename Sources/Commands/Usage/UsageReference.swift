import ArgumentParser
import Documents
import Support

/// The reference of all commands and flags in Markdown (`--gen-doc`).
enum UsageReference {
  /// Where the original writes it, below the current directory.
  static let path = "cmd/README.md"

  /// The text for a root command.
  static func markdown(of root: any ParsableCommand.Type) -> String {
    let dump = (try? Value(json: root._dumpHelp()))?["command"] ?? [:]
    return section(dump, path: []).joined(separator: "\n") + "\n"
  }

  private static func section(_ command: Value, path: [String]) -> [String] {
    let path = path + [command["commandName"]?.string ?? ""]
    let name = path.joined(separator: " ")
    var lines = ["\(String(repeating: "#", count: min(path.count, 6))) `\(name)`", ""]
    for key in ["abstract", "discussion"] {
      if let text = command[key]?.string, !text.isEmpty { lines += paragraphs(text) + [""] }
    }
    let children = (command["subcommands"]?.array ?? []).filter {
      $0["shouldDisplay"]?.bool != false && $0["commandName"]?.string != "help"
    }
    if !children.isEmpty {
      lines += children.map { "* `\(name) \($0["commandName"]?.string ?? "")`: \($0["abstract"]?.string ?? "")" } + [""]
    }
    lines += table(DeclaredFlags(command: command).flags.filter(\.isVisible))
    return lines + children.flatMap { section($0, path: path) }
  }

  /// The lines of a text, the indented ones as code.
  private static func paragraphs(_ text: String) -> [String] {
    var lines: [String] = []
    var isCode = false
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("  ") != isCode {
        isCode.toggle()
        lines += isCode ? ["", "```"] : ["```"]
      }
      lines.append(String(isCode ? line.dropFirst(2) : line))
    }
    return isCode ? lines + ["```"] : lines
  }

  private static func table(_ flags: [DeclaredFlag]) -> [String] {
    guard !flags.isEmpty else { return [] }
    let rows = flags.map { flag in
      let short = flag.letters.map { "`-\($0)`, " }.joined()
      let help = flag.help.onOneLine.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
      return "| \(short)`\(flag.spelling)` | \(flag.isBoolean ? "" : flag.defaultText ?? "") | \(help) |"
    }
    return ["| flag | default | meaning |", "|---|---|---|"] + rows + [""]
  }
}
