import ArgumentParser
import Deployer
import Documents
import KubernetesClient
import Support

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

  @Option(name: .shortAndLong, help: "Print the names of deleted objects to stdout.")
  var output: DeleteOutput?

  @OptionGroup var waiting: WaitArguments
  @OptionGroup(title: "Cluster") var connection: ConnectionArguments

  /// Where the objects are.
  var namespace: String { connection.namespace }
}

/// How deleted objects are printed.
enum DeleteOutput: String, ExpressibleByArgument, CaseIterable {
  case name
}
