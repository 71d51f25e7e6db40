import ArgumentParser
import KubernetesClient
import Support

/// The flags of every command that talks to a cluster.
struct ConnectionArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp("Kubeconfig to use; default: $KUBECONFIG, then ~/.kube/config.", valueName: "file"),
    completion: .file())
  var kubeconfig: String?

  @Option(help: ArgumentHelp("Context of the kubeconfig.", valueName: "name"), completion: .contexts)
  var context: String?

  @Option(name: .customLong("as"), help: ArgumentHelp("User to act as.", valueName: "user"))
  var impersonate: String?

  @Option(help: ArgumentHelp("Address of the API server.", valueName: "url"))
  var server: String?

  @Flag(name: .customLong("insecure-skip-tls-verify"), help: "Accept any certificate of the API server.")
  var skipsTLSVerification = false

  @Option(
    name: .customLong("request-timeout"),
    help: ArgumentHelp("Longest time for one request, such as 30s; 0 for no limit.", valueName: "duration"))
  var requestTimeout: String?

  @Option(
    name: .shortAndLong, help: ArgumentHelp("Namespace to work in.", valueName: "name"), completion: .namespaces)
  var namespace = "vineyard-system"

  @Flag(help: "Log every step and request.")
  var verbose = false

  @OptionGroup var colors: ColorArguments

  mutating func validate() throws {
    try DNSLabel.require(namespace, of: "--namespace")
    if let requestTimeout { _ = try TimeSpan.parse(requestTimeout) }
    for (flag, value) in [("--kubeconfig", kubeconfig), ("--context", context), ("--server", server)] {
      if value == "" { throw CommandError(.usage, "\(flag) is empty", hint: "leave it out for the default") }
    }
  }

  /// What the flags say about the cluster.
  var options: ConnectionOptions {
    ConnectionOptions(
      kubeconfig: kubeconfig, context: context, impersonate: impersonate, server: server,
      skipsTLSVerification: skipsTLSVerification,
      // Validation has refused what cannot be read.
      requestTimeout: requestTimeout.flatMap { try? TimeSpan.parse($0) }?.seconds)
  }

  /// The log of a command: with `--verbose` it also tells what only a developer wants to know.
  func log(_ context: CommandContext) -> Log {
    verbose ? context.log.with(minimum: .debug) : context.log
  }
}
