import ArgumentParser
import Inspection
import KubernetesObjects
import Support

/// The flags of every command that looks into stores: which ones, and how to reach them.
struct StoreArguments: ParsableArguments {
  @Option(
    name: .customLong("ipc-socket"),
    help: ArgumentHelp(
      "Socket of a store, or of one of its volumes; default: $VINEYARD_IPC_SOCKET.", valueName: "path"),
    completion: .file())
  var socket: String?

  @Option(
    name: .customLong("rpc-socket"),
    help: ArgumentHelp("Address of a store's RPC port; default: $VINEYARD_RPC_SOCKET.", valueName: "host:port"))
  var endpoint: String?

  @Option(
    name: .customLong("admin-token-file"),
    help: ArgumentHelp(
      "File with the admin token of that store, without which volumes are not shown over TCP.", valueName: "file"),
    completion: .file())
  var adminTokenFile: String?

  @Option(
    name: .customLong("deployment-name"),
    help: ArgumentHelp(
      "Cluster of stores in the namespace, reached by port-forward; default: all stores there.", valueName: "name"),
    completion: .vineyardds)
  var cluster: String?

  @Option(help: ArgumentHelp("Node whose store is meant; default: all nodes.", valueName: "name"))
  var node: String?

  @Option(help: ArgumentHelp("RPC port of the pods of stores; default: the one they name.", valueName: "port"))
  var port: UInt16?

  @Option(
    name: .customLong("forward-port"),
    help: ArgumentHelp("Without effect: a port of this machine is taken that is free.", valueName: "port"))
  var forwardPort: UInt16?

  @OptionGroup(title: "Cluster") var connection: ConnectionArguments

  mutating func validate() throws {
    for (flag, value) in [
      ("--ipc-socket", socket), ("--rpc-socket", endpoint), ("--deployment-name", cluster), ("--node", node),
      ("--admin-token-file", adminTokenFile),
    ] where value == "" { throw ProgramError(.usage, "\(flag) is empty", hint: "leave it out for the default") }
    if let endpoint { _ = try StoreAddress(endpoint: endpoint) }
    if let cluster { try DNSLabel.require(cluster, of: "--deployment-name") }
    let inCluster = ["--deployment-name": cluster, "--node": node].filter { $0.value != nil }.keys.sorted()
    guard let direct = socket != nil ? "--ipc-socket" : endpoint != nil ? "--rpc-socket" : nil,
      let other = inCluster.first
    else { return }
    throw ProgramError(.usage, "\(direct) contradicts \(other)", hint: "give one of them")
  }
}

/// The flag that says which part of the stores is meant.
struct ScopeArguments: ParsableArguments {
  @Option(help: ArgumentHelp("Volume to look into; default: all, and what is in none.", valueName: "id"))
  var volume: String?

  @Option(
    help: ArgumentHelp("Claim whose volume to look into, through a cluster only.", valueName: "namespace/name"))
  var claim: String?

  mutating func validate() throws {
    if volume != nil, claim != nil {
      throw ProgramError(.usage, "--volume contradicts --claim", hint: "give one of them")
    }
    if volume == "" { throw ProgramError(.usage, "--volume is empty", hint: "leave it out for all volumes") }
    if let claim, claim.split(separator: "/", omittingEmptySubsequences: false).count != 2 {
      throw ProgramError(.usage, "invalid --claim '\(claim)'", hint: "write NAMESPACE/NAME")
    }
  }
}

/// The flag of commands that print data, with the original's name for it, too.
struct FormatArguments: ParsableArguments {
  @Option(
    name: [.customShort("o"), .customLong("format"), .customLong("output")],
    help: ArgumentHelp("How to print.", valueName: "format"))
  var output: OutputFormat = .table
}
