import Analysis
import ArgumentParser
import Deployer
import Documents
import KubernetesClient
import Logging
import Support

/// Finds mistakes in pipelines and manifests before they run.
struct AnalyzeCommand: AsyncContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "analyze", abstract: "Find mistakes in pipelines and manifests that use volumes of Vineyard.",
    discussion: """
      It reads Argo workflows, pipelines of Kubeflow 1 and 2 as they are compiled, and plain manifests, all files \
      together. No file is sent anywhere. docs/analyze.md explains each code; the comment '# vineyard: ignore VY0104' \
      silences one on its line.

      Exit status: 0 nothing above a warning, 1 an error (with --strict a warning, too), 2 wrong usage or a file that \
      cannot be read.
      """.withExamples(
        "vineyardctl analyze pipeline.yaml", "vineyardctl analyze --cluster --strict *.yaml",
        "vineyardctl analyze -o sarif pipelines/*.yaml > analyze.sarif",
        "kubectl kustomize . | vineyardctl analyze --ignore VY0104,VY0108 -"))

  @Argument(
    help: ArgumentHelp("Files in YAML or JSON; - is standard input.", valueName: "file"),
    completion: .file(extensions: ["yaml", "yml", "json"]))
  var files: [String]

  @Option(name: .shortAndLong, help: ArgumentHelp("How to print.", valueName: "format"))
  var output: ReportFormat = .text

  @Flag(help: "Fail on warnings, too.")
  var strict = false

  @Option(help: ArgumentHelp("Codes that are not reported, such as VY0104.", valueName: "codes"))
  var ignore: [String] = []

  @Option(
    name: .customLong("class"),
    help: ArgumentHelp("Storage classes of Vineyard that are not called NAMESPACE.NAME.csi.", valueName: "names"))
  var classes: [String] = []

  @Option(
    name: .customLong("node-memory"),
    help: ArgumentHelp("Memory of the largest node, such as 64Gi: no volume can be larger.", valueName: "size"))
  var nodeMemory: String?

  @Flag(name: .customLong("cluster"), help: "Ask the cluster for its storage classes and the memory of its nodes.")
  var asksCluster = false

  @OptionGroup(title: "Cluster") var connection: ConnectionArguments

  func validate() throws {
    let known = RuleID.allCases.map(\.rawValue)
    for code in ignore where !known.contains(code.uppercased()) {
      let guess = nearest(to: code.uppercased(), in: known).map { "did you mean \($0)?" }
      throw ProgramError(
        .usage, "unknown code '\(code)'", hint: guess ?? "codes are \(known[0]) to \(known[known.count - 1])")
    }
    guard !files.contains("") else {
      throw ProgramError(.usage, "the name of a file is empty", hint: "give a file, or - for standard input")
    }
    guard files.count(where: { $0 == "-" }) < 2 else {
      throw ProgramError(.usage, "standard input is read once", hint: "leave one '-' out")
    }
    _ = try memory()
  }

  private func memory() throws -> UInt64? {
    guard let nodeMemory else { return nil }
    guard let bytes = try ByteSize.parse(nodeMemory)?.bytes else {
      throw ProgramError(
        .usage, "invalid --node-memory '\(nodeMemory)'", hint: "write a number above zero and a unit, such as 64Gi")
    }
    return bytes
  }

  mutating func run(_ context: CommandContext) async throws {
    let session = Session(connection, context)
    let files = files
    let texts = try await context.waiting { context in
      try files.map { AnalyzedFile(name: $0 == "-" ? "stdin" : $0, text: try Self.read($0, context)) }
    }
    var analyzer = Analyzer()
    analyzer.classes = classes
    analyzer.ignored = Set(ignore.map { $0.uppercased() })
    if asksCluster {
      let (facts, notes) = try await KnownClusterReader(client: try session.client()).read()
      analyzer.facts = facts
      session.progress.report(notes)
    }
    analyzer.facts.nodeMemory = try memory() ?? analyzer.facts.nodeMemory
    let analysis = analyzer.analyze(texts)
    for document in analysis.skipped { session.log.debug("skipped \(document)") }
    context.output(output.text(analysis, context.outputPalette))
    try conclude(analysis, session.progress)
  }

  /// Reads a file.
  private static func read(_ file: String, _ context: CommandContext) throws -> String {
    do {
      return try context.readDocuments(file)
    } catch let error as ProgramError {
      throw ProgramError(.usage, error.message, cause: error.cause, hint: error.hint)
    }
  }

  /// Tells how it went, and fails where it has to.
  private func conclude(_ analysis: Analysis, _ progress: ProgressReporter) throws {
    let (errors, warnings) = (analysis.count(.error), analysis.count(.warning))
    let files = Self.counted(analysis.files.count, "file")
    let counts = [(errors, "error"), (warnings, "warning"), (analysis.count(.note), "note")]
      .filter { $0.0 > 0 }.map { Self.counted($0.0, $0.1) }
    if errors > 0 || (strict && warnings > 0) {
      throw ProgramError(
        .failed, "\(counts.joined(separator: ", ")) in \(files)", hint: "docs/analyze.md explains each code")
    }
    if analysis.claimCount == 0 {
      return progress.report(
        .warning,
        "no volume of Vineyard in \(files) (hint: --class names classes of yours, --verbose tells what was skipped)")
    }
    progress.report(.done, "\(counts.isEmpty ? "nothing found" : counts.joined(separator: ", ")) in \(files)")
  }

  private static func counted(_ count: Int, _ word: String) -> String { "\(count) \(word)\(count == 1 ? "" : "s")" }

  var interruptionHint: String { "run the same command again" }
}

/// The form in which findings are printed.
enum ReportFormat: String, CaseIterable, ExpressibleByArgument {
  /// A line for each finding.
  case text
  case json, yaml
  /// For tools that show findings beside the code.
  case sarif

  /// Reads a word of the command line; `table` is how other commands call text.
  init?(argument: String) { self.init(rawValue: argument == "table" ? "text" : argument) }

  func text(_ analysis: Analysis, _ palette: Palette) -> String {
    switch self {
    case .text: analysis.text(palette)
    case .json: analysis.value.indentedJSON
    case .yaml: analysis.value.yaml
    case .sarif: analysis.sarif(version: Version.product).indentedJSON
    }
  }
}
