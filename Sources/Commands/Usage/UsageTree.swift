import ArgumentParser
import Documents
import Support

/// The commands and their flags in the JSON that `vineyardctl --dump-usage` of 0.24.2 prints, from which the Python
/// package `vineyard.deploy` makes its functions.
enum UsageTree {
  /// The tree of a root command, with four blanks per level and no line break at the end.
  static func json(of root: any ParsableCommand.Type) -> String {
    // The argument parser encodes its own dump, which is always valid.
    let dump = (try? Value(json: root._dumpHelp()))?["command"] ?? [:]
    let lines = node(dump, path: []).indentedJSON.split(separator: "\n")
    return lines.map { line in String(repeating: " ", count: line.prefix { $0 == " " }.count) + line }
      .joined(separator: "\n")
  }

  private static func node(_ command: Value, path: [String]) -> Value {
    let name = command["commandName"]?.string ?? ""
    let path = path + [name]
    let discussion = command["discussion"]?.string ?? ""
    let children = (command["subcommands"]?.array ?? []).filter {
      $0["shouldDisplay"]?.bool != false && $0["commandName"]?.string != "help"
    }
    let flags = flags(of: command, isRoot: path.count == 1, isGroup: !children.isEmpty)
    let usage = path.count == 1 ? ["[command]", "[flags]"] : flags.own.isEmpty ? [] : ["[flags]"]
    return [
      "Name": .string(name),
      "Brief": .string(command["abstract"]?.string ?? ""),
      "Description": .string(discussion.withoutExamples),
      "Usage": .string((path + usage).joined(separator: " ")),
      "Example": .string(discussion.examples),
      "Deprecated": "",
      "Runnable": .boolean(children.isEmpty),
      "Children": .array(children.map { node($0, path: path) }),
      "Flags": .array(flags.own.map { flag($0) }),
      "GlobalFlags": .array(flags.global.map { flag($0) }),
    ]
  }

  /// The flags of a command apart from the persistent ones, which are the root's own; no name is in both.
  private static func flags(
    of command: Value, isRoot: Bool, isGroup: Bool
  ) -> (own: [DeclaredFlag], global: [DeclaredFlag]) {
    let persistent = PersistentArguments.flags.flags.filter { $0.name != "help" }
    let declared = DeclaredFlags(command: command).flags
    if isRoot { return (exported(declared + persistent), []) }
    let own = declared.filter { $0.name != "help" && $0.name != "version" }
    let global = isGroup ? persistent : persistent.filter { flag in own.contains { $0.name == flag.name } }
    return (exported(own.filter { flag in !global.contains { $0.name == flag.name } }), exported(global))
  }

  /// Visible flags that can be parameters of a Python function: `--as` would be a syntax error.
  private static func exported(_ flags: [DeclaredFlag]) -> [DeclaredFlag] {
    flags.filter { $0.isVisible && !pythonKeywords.contains($0.name) }.sorted { $0.name < $1.name }
  }

  private static func flag(_ flag: DeclaredFlag) -> Value {
    let (type, standard) = typeAndDefault(of: flag)
    return [
      "Name": .string(flag.name),
      "Shorthand": .string(flag.name == "version" ? "v" : flag.letters.first.map { String($0) } ?? ""),
      "Type": .string(type),
      "Default": .string(standard),
      "Help": .string(flag.help),
      "Deprecated": "",
    ]
  }

  /// The type by pflag's name; the default of any type but `string` is JSON.
  private static func typeAndDefault(of flag: DeclaredFlag) -> (type: String, standard: String) {
    let text = flag.defaultText ?? ""
    switch flag.kind {
    case .boolean(let standard, _): return ("bool", String(standard))
    case .list: return ("stringSlice", Value(text.split(separator: ",").map { $0.trimmingBlanks() }).json)
    case .single: return (Int(text) == nil ? "string" : "int", text)
    }
  }

  /// Reserved words of Python 3 in lower case.
  private static let pythonKeywords: Set<String> = [
    "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del", "elif", "else", "except",
    "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise",
    "return", "try", "while", "with", "yield",
  ]
}

/// The reference of all commands and flags in Markdown (`--gen-doc`).
enum UsageReference {
  /// Path to which the original writes it, below the current directory.
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

  /// The default as the help shows it: that of a switch only where it can be switched both ways.
  private static func standard(_ flag: DeclaredFlag) -> String {
    guard case .boolean(let isOn, let inverse) = flag.kind else { return flag.defaultText ?? "" }
    return inverse == nil ? "" : isOn ? "on" : "off"
  }

  private static func table(_ flags: [DeclaredFlag]) -> [String] {
    guard !flags.isEmpty else { return [] }
    let rows = flags.map { flag in
      let short = flag.letters.map { "`-\($0)`, " }.joined()
      let help = flag.help.onOneLine.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
      let values = flag.values.isEmpty ? "" : " (values: \(flag.values.joined(separator: ", ")))"
      return "| \(short)`\(flag.spelling)` | \(standard(flag)) | \(help)\(values) |"
    }
    return ["| flag | default | meaning |", "|---|---|---|"] + rows + [""]
  }
}
