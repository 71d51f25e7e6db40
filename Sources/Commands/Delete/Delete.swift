import ArgumentParser
import KubernetesObjects
import Support

/// The group of commands that delete.
struct DeleteCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "delete", abstract: "Delete what was deployed, and only that.",
    discussion: "".withExamples(
      "vineyardctl delete csidriver", "vineyardctl delete vineyard-cluster --timeout 10m"),
    subcommands: [
      Delete<VineyardClusterTarget>.self, Delete<OperatorTarget>.self, Delete<VineyarddTarget>.self,
      Delete<VineyardDeploymentTarget>.self, Delete<CSIDriverTarget>.self,
    ])
}

/// Deletes a target.
struct Delete<Target: DeletionTarget>: AsyncContextCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: Target.commandName, abstract: "Delete \(Target.summary).",
      discussion: Target.deletionDiscussion.withExamples(
        "vineyardctl delete \(Target.commandName) \(Target.deletionExample)"))
  }

  @OptionGroup var selection: Target.Selection
  @OptionGroup var arguments: DeleteArguments

  mutating func run(_ context: CommandContext) async throws {
    let removal = try Removal(arguments, context)
    try await removal.remove(try await Target.request(selection, removal))
  }
}

/// Something that can be deleted.
protocol DeletionTarget: DeploymentTarget {
  /// The flags that say which one.
  associatedtype Selection: ParsableArguments

  /// Facts that people should know before they delete it.
  static var deletionDiscussion: String { get }

  /// Flags that an example of its deletion shows.
  static var deletionExample: String { get }

  /// Finds the objects to be removed.
  ///
  /// - Throws: `ProgramError` with code `notFound` for a name that nothing has.
  static func request(_ selection: Selection, _ removal: Removal) async throws -> Removal.Request
}

extension DeletionTarget {
  static var deletionDiscussion: String { "" }
}

/// The flag that names a cluster.
struct ClusterSelection: ParsableArguments {
  @Option(help: ArgumentHelp("Name of the cluster.", valueName: "name"), completion: .vineyardds)
  var name = VineyarddArguments.defaultName

  func validate() throws { try DNSLabel.require(name, of: "--name") }
}

/// The flag that names a driver.
struct DriverSelection: ParsableArguments {
  @Option(help: ArgumentHelp("Name of the driver.", valueName: "name"), completion: .drivers)
  var name = CSIDriverArguments.defaultName

  func validate() throws { try DNSLabel.require(name, of: "--name") }
}

/// No flag, for the only one of its kind.
struct NoSelection: ParsableArguments {}

/// The flags of commands that delete.
struct DeleteArguments: ParsableArguments {
  @Flag(help: "Delete although claims are bound: pods that use them lose their volumes.")
  var force = false

  @Flag(name: .customLong("delete-namespace"), help: "Delete the namespace too, with all it holds.")
  var deletesNamespace = false

  @Flag(name: .shortAndLong, help: "Do not ask.")
  var yes = false

  @Option(name: .customLong("dry-run"), help: "Delete nothing; tell what would be deleted.")
  var dryRun: DryRun = .none

  @Option(name: .shortAndLong, help: ArgumentHelp("Print the deleted objects to stdout.", valueName: "format"))
  var output: OutputFormat?

  @OptionGroup var waiting: WaitArguments
  @OptionGroup(title: "Cluster") var connection: ConnectionArguments

  /// Namespace of the objects.
  var namespace: String { connection.namespace }
}
