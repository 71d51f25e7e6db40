import ArgumentParser
import Support

/// The root of all commands.
public struct Vineyardctl: ContextCommand {
  public static let configuration = CommandConfiguration(
    commandName: "vineyardctl",
    abstract: "Run Vineyard, the shared-memory object store, on one machine and on Kubernetes.",
    discussion: """
      Called under the name vineyardd it is the store daemon.

      Exit status: 0 done, 1 failed, 2 wrong usage, 3 not ready or timed out, 4 not found, 130 or 143 interrupted. \
      Data goes to stdout, messages go to stderr.
      """.withExamples(
        "vineyardctl check --pre", "vineyardctl deploy vineyard-cluster --create-namespace",
        "vineyardctl deploy vineyard-cluster --help"),
    version: "vineyardctl version \(Version.product) (protocol \(Version.current))",
    subcommands: [
      DeployCommand.self, DeleteCommand.self, DiffCommand.self, RenderCommand.self, AnalyzeCommand.self,
      CheckCommand.self, StatusCommand.self, ListCommand.self, GetCommand.self,
      PutCommand.self, RemoveCommand.self, NamesCommand.self, TopCommand.self, DebugCommand.self, LogsCommand.self,
      EventsCommand.self, SysdumpCommand.self, TestCommand.self, VineyarddCommand.self, CSICommand.self,
      ManagerCommand.self,
      ProbeCommand.self, TrialStepCommand.self, EtcdMemberCommand.self, CompletionCommand.self, VersionCommand.self,
    ])

  @Flag(name: [.customShort("j"), .customLong("dump-usage")], help: "Print all commands and flags as JSON on stderr.")
  var dumpsUsage = false

  @Flag(
    name: [.customShort("g"), .customLong("gen-doc")],
    help: "Write a reference of all commands and flags to ./cmd/README.md.")
  var writesReference = false

  /// Makes the command; without a subcommand it prints the help.
  public init() {}

  /// Prints the help, or what the flags ask for.
  ///
  /// - Throws: `CleanExit` with the help, `ProgramError` when the reference cannot be written.
  public mutating func run(_ context: CommandContext) throws {
    if writesReference {
      try context.makeDirectory("cmd")
      return try context.writeFile(UsageReference.path, UsageReference.markdown(of: Vineyardctl.self))
    }
    guard dumpsUsage else { throw CleanExit.helpRequest(self) }
    context.errorOutput(UsageTree.json(of: Vineyardctl.self))
  }
}

/// Prints the versions of this program.
struct VersionCommand: ContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "version", abstract: "Print the version of this program and of the protocol it speaks.",
    discussion: "".withExamples("vineyardctl version -o json"))

  @OptionGroup var format: OutputArguments

  mutating func run(_ context: CommandContext) throws {
    context.output(format.output.text(PrintableFields(["client": Version.product, "protocol": Version.current])))
  }
}
