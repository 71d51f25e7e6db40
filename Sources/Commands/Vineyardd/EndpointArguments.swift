import ArgumentParser

/// The daemon's flags about where it listens and who may connect.
struct EndpointArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "IPC socket. (default: /var/run/vineyard.sock if writable, else ~/.local/vineyard/vineyard.sock)",
      valueName: "path"))
  var socket: String?

  @Option(
    name: .customLong("socket_mode"),
    help: ArgumentHelp("Permissions of the IPC socket. (default: 0770, in Kubernetes 0777)", valueName: "octal"))
  var socketMode: String?

  @Option(
    name: .customLong("socket_group"),
    help: ArgumentHelp("Group of the IPC socket, a name or a number.", valueName: "group"))
  var socketGroup: String?

  @Flag(inversion: .prefixedNo, help: "Listen for clients on other hosts.")
  var rpc = true

  @Option(
    name: .customLong("rpc_socket_port"),
    help: ArgumentHelp("TCP port for clients on other hosts; 0 takes a free one.", valueName: "port"))
  var rpcSocketPort: UInt16 = 9600

  @Option(
    name: .customLong("rpc_host"),
    help: ArgumentHelp(
      "Address to listen on for clients on other hosts; 0.0.0.0 or :: for all. (default: 127.0.0.1, in Kubernetes all)",
      valueName: "address"))
  var rpcHost: String?

  @Option(
    name: .customLong("metrics_host"),
    help: ArgumentHelp(
      "Address to serve the metrics on; 0.0.0.0 or :: for all. (default: 127.0.0.1, in Kubernetes all)",
      valueName: "address"))
  var metricsHost: String?

  @Option(
    name: .customLong("metrics_port"),
    help: ArgumentHelp("HTTP port of /metrics and the health checks; 0 is off.", valueName: "port"))
  var metricsPort: UInt16 = 0

  @Option(
    help: ArgumentHelp("Password file as htpasswd makes it; clients must then name a user.", valueName: "file"),
    completion: .file())
  var htpasswd: String?

  @Option(
    name: .customLong("admin_token_file"),
    help: ArgumentHelp(
      "File with the token for requests about volumes over TCP; without it they are refused there.",
      valueName: "file"), completion: .file())
  var adminTokenFile: String?

  @Flag(
    name: .customLong("allow_cluster_scope"), inversion: .prefixedNo,
    help: "Let inline volumes of pods reach the objects of the store (scope 'cluster').")
  var allowClusterScope = false

  @Option(help: ArgumentHelp("What the instance reports about itself.", valueName: "mode"))
  var deployment: Deployment = .local

  /// Warnings about flags that do nothing here.
  var warnings: [String] {
    var warnings: [String] = []
    if !rpc, rpcHost != nil { warnings.append("--rpc_host has no effect: there is no RPC listener with --norpc") }
    if metricsPort == 0, metricsHost != nil {
      warnings.append("--metrics_host has no effect: nothing serves metrics without --metrics_port")
    }
    return warnings
  }
}

/// How the instance says it is deployed; nothing else depends on it.
public enum Deployment: String, Sendable, CaseIterable, ExpressibleByArgument {
  case local, distributed
}
