import ArgumentParser

/// The flags of commands that change a cluster.
struct ChangeArguments: ParsableArguments {
  @Option(
    name: .customLong("dry-run"),
    help: "Change nothing: 'client' renders without asking a cluster, 'server' lets the server check everything.")
  var dryRun: DryRun = .none

  @Option(name: .shortAndLong, help: "Print the objects to stdout.")
  var output: DeployOutput?

  @Flag(name: .shortAndLong, help: "Do not ask before stores are replaced or classes dropped.")
  var yes = false

  @Flag(name: .customLong("force-conflicts"), help: "Take over fields that another field manager has set.")
  var forcesConflicts = false
}
