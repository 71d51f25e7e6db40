import ArgumentParser
import CSIDriver
import KubernetesClient
import Logging
import Support

/// Runs the CSI driver; what the pods of `deploy csidriver` run.
struct CSICommand: AsyncContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "csi", abstract: "Run the CSI driver \(IdentityService.driverName).",
    discussion: """
      A volume is a directory with the socket of a store: what is written through it belongs to the volume.

      The controller half makes and deletes volumes. It asks the API server where the stores of a cluster are: in a \
      pod, or with --kubeconfig. Otherwise it works with the stores of this machine alone. The node half mounts \
      volumes; it needs root and only the sockets below --socket-root.
      """.withExamples(
        "vineyardctl csi --mode node --nodeid node-1 --endpoint unix:///csi/csi.sock"))

  @Option(
    name: [.customShort("f"), .customLong("endpoint")],
    help: ArgumentHelp("Where to listen: unix:///path, or tcp://127.0.0.1:port for tests.", valueName: "address"))
  var endpoint: String

  @Option(
    name: [.customLong("nodeid"), .customLong("node-id")], help: ArgumentHelp("Name of this node.", valueName: "name"))
  var nodeID: String

  @Option(help: "Which part of the driver to run.")
  var mode: Mode = .all

  @Option(
    name: .customLong("state-file-path"),
    help: ArgumentHelp("State file of the original driver: read once, never written.", valueName: "file"),
    completion: .file())
  var stateFile: String?

  @Option(
    name: .customLong("socket-root"),
    help: ArgumentHelp("Directory with NAMESPACE/NAME/vineyard.sock of each store of this node.", valueName: "path"))
  var socketRoot = "/var/run/vineyard-kubernetes"

  @Option(
    name: .customLong("metrics_port"), help: ArgumentHelp("HTTP port of /metrics; 0 is off.", valueName: "port"))
  var metricsPort: UInt16 = 0

  @Option(
    help: ArgumentHelp("Kubeconfig of the cluster whose stores to use; default: that of the pod.", valueName: "file"),
    completion: .file())
  var kubeconfig: String?

  @Flag(help: "Log every call.")
  var verbose = false

  var endsBySignal: Bool { true }

  mutating func validate() throws {
    _ = try DriverEndpoint(endpoint)
    guard !nodeID.isEmpty else {
      throw ProgramError(.usage, "--nodeid is empty", hint: "give the name of the Kubernetes node")
    }
    guard socketRoot.hasPrefix("/") else {
      throw ProgramError(.usage, "--socket-root '\(socketRoot)' is not absolute", hint: "begin it with /")
    }
  }

  mutating func run(_ context: CommandContext) async throws {
    let log = verbose ? context.log.with(minimum: .debug) : context.log
    for warning in context.warnings { log.warning("\(warning)") }
    var options = DriverOptions(endpoint: try DriverEndpoint(endpoint), nodeID: nodeID)
    options.mode = DriverOptions.Mode(rawValue: mode.rawValue) ?? .all
    options.socketRoot = socketRoot
    options.stateFile = stateFile
    options.metricsPort = metricsPort == 0 ? nil : metricsPort
    options.kubernetes = try kubernetes(context, log)
    try await DriverServer(options, log: log).run()
  }

  /// The cluster, nil when the driver is to work with the stores of this machine alone.
  private func kubernetes(_ context: CommandContext, _ log: Logger) throws -> KubernetesClient? {
    guard mode != .node, kubeconfig != nil || context.host.nonEmpty("KUBERNETES_SERVICE_HOST") != nil else {
      guard mode == .controller else { return nil }
      throw ProgramError(
        .usage, "no cluster for --mode controller", cause: "this is no pod",
        hint: "give --kubeconfig, or use --mode all with the stores of this machine")
    }
    let options = ConnectionOptions(kubeconfig: kubeconfig)
    return KubernetesClient(try .resolve(options, sources: context.configurationSources), log: log)
  }

  /// The halves of the driver.
  enum Mode: String, CaseIterable, ExpressibleByArgument {
    case all, controller, node
  }
}
