import ArgumentParser
import Glibc
import StoreServer
import Support

/// The daemon's flags about where it listens and who may connect.
enum EndpointFlags: DaemonFlagTable {
  static let table: [FlagSpec] = [
    .optional(
      "socket",
      ArgumentHelp(
        "IPC socket. (default: /var/run/vineyard.sock if writable, else ~/.local/vineyard/vineyard.sock)",
        valueName: "path")
    ) { (path: String?, flags, options) in options.server.socketPath = try path ?? defaultSocketPath(flags.host) },
    .optional(
      "socket_mode",
      ArgumentHelp("Permissions of the IPC socket. (default: 0770, in Kubernetes 0777)", valueName: "octal")
    ) { (mode: String?, flags, options) in options.server.socketMode = try socketMode(mode, flags.host) },
    .optional("socket_group", ArgumentHelp("Group of the IPC socket, a name or a number.", valueName: "group")) {
      (group: String?, flags, options) in options.server.socketGroup = try group.map { try groupID($0, flags.host) }
    },
    .switch("rpc", "Listen for clients on other hosts.", isOn: true, inversion: .prefixedNo),
    .option(
      "rpc_socket_port", "port", "TCP port for clients on other hosts; 0 takes a free one.", default: UInt16(9600),
      kind: .integer
    ) { port, flags, options in options.server.rpcPort = flags.isOn("rpc") ? port : nil },
    .optional(
      "rpc_host",
      ArgumentHelp(
        "Address to listen on for clients on other hosts; 0.0.0.0 or :: for all. (default: 127.0.0.1, in Kubernetes "
          + "all)", valueName: "address")
    ) { (host: String?, flags, options) in
      if host != nil, !flags.isOn("rpc") {
        options.warnings.append("--rpc_host has no effect: there is no RPC listener with --norpc")
      }
      options.server.rpcHost = try flags.host.listenHost(host, flag: "--rpc_host")
      // The host's name may lead to another address than the one that is listened on.
      options.server.endpointHost = flags.host.nonEmpty("MY_HOST_NAME") == nil ? options.server.rpcHost : nil
    },
    .optional(
      "metrics_host",
      ArgumentHelp(
        "Address to serve the metrics on; 0.0.0.0 or :: for all. (default: 127.0.0.1, in Kubernetes all)",
        valueName: "address")
    ) { (host: String?, flags, options) in
      if host != nil, flags.value("metrics_port") == UInt16(0) {
        options.warnings.append("--metrics_host has no effect: nothing serves metrics without --metrics_port")
      }
      options.server.metricsHost = try flags.host.listenHost(host, flag: "--metrics_host")
    },
    .option(
      "metrics_port", "port", "HTTP port of /metrics and the health checks; 0 is off.", default: UInt16(0),
      kind: .integer
    ) { port, _, options in
      guard port != 0 else { return }
      guard port != options.server.rpcPort else {
        throw ProgramError(
          .usage, "--rpc_socket_port and --metrics_port are both \(port)", hint: "choose another one for the metrics")
      }
      options.server.metricsPort = port
    },
    .optional(
      "htpasswd",
      ArgumentHelp("Password file as htpasswd makes it; clients must then name a user.", valueName: "file"),
      completion: .file()
    ) { (file: String?, flags, options) in
      if let file { try requirePasswordFile(file, flags.host) }
      options.server.htpasswd = file
    },
    .optional(
      "admin_token_file",
      ArgumentHelp(
        "File with the token for requests about volumes over TCP, which are refused without it, and with which stores "
          + "prove to each other who they are.",
        valueName: "file"), completion: .file()
    ) { (file: String?, flags, options) in
      options.server.adminTokenFile = file
      if let warning = try file.flatMap({ try warning(ofTokenFile: $0, flags.host) }) {
        options.warnings.append(warning)
      }
    },
    .switch(
      "allow_cluster_scope", "Let inline volumes of pods reach the objects of the store (scope 'cluster').",
      inversion: .prefixedNo
    ) { isOn, _, options in options.server.allowsClusterScope = isOn },
    .option("deployment", "mode", "What the instance reports about itself.", default: Deployment.local) {
      mode, _, options in options.server.deployment = mode.rawValue
    },
    FlagSpec("rdma_endpoint", .text, .withoutEffect("RDMA is not available, transfers use TCP"), settled: ""),
    FlagSpec(
      "compression", .boolean(default: true), .withoutEffect("transfers between hosts are not compressed"),
      settled: "false"),
  ]

  /// Deployment that the instance reports to clients; nothing else depends on it.
  private enum Deployment: String, CaseIterable, ExpressibleByArgument {
    case local, distributed
  }

  private static func defaultSocketPath(_ host: HostFacts) throws -> String {
    if host.isWritable("/var/run") { return "/var/run/vineyard.sock" }
    if let home = host.nonEmpty("HOME") { return "\(home)/.local/vineyard/vineyard.sock" }
    throw ProgramError(
      .failed, "no place for the IPC socket", cause: "/var/run is not writable and HOME is not set",
      hint: "give one with --socket")
  }

  private static func socketMode(_ text: String?, _ host: HostFacts) throws -> mode_t {
    guard let text else { return host.isInKubernetes ? 0o777 : 0o770 }
    let digits = text.hasPrefix("0o") ? text.dropFirst(2) : text[...]
    guard let mode = mode_t(digits, radix: 8), mode <= 0o777 else {
      throw ProgramError(.usage, "invalid --socket_mode '\(text)'", hint: "give octal digits, 0 to 0777")
    }
    guard mode & 0o222 != 0 else {
      throw ProgramError(.usage, "with --socket_mode \(text) nobody could connect", hint: "0770 lets a group")
    }
    return mode
  }

  private static func groupID(_ text: String, _ host: HostFacts) throws -> gid_t {
    if let group = gid_t(text) ?? host.groupID(text) { return group }
    throw ProgramError(.usage, "unknown group '\(text)' for --socket_group", hint: "give a name or a number")
  }

  private static func requirePasswordFile(_ path: String, _ host: HostFacts) throws {
    guard let obstacle = host.fileObstacle(path) else { return }
    throw ProgramError(
      .usage, "invalid --htpasswd '\(path)'", cause: obstacle,
      hint: "make one with htpasswd -c -B \(path) USER, or leave the flag out for no passwords")
  }

  /// Refuses a token file that is not there. The optional Secret of a pod may come later: that is only a warning.
  private static func warning(ofTokenFile path: String, _ host: HostFacts) throws -> String? {
    guard let obstacle = host.fileObstacle(path) else { return nil }
    guard host.isInKubernetes else {
      throw ProgramError(
        .usage, "invalid --admin_token_file '\(path)'", cause: obstacle,
        hint: "write the token into it, or leave the flag out to refuse requests about volumes over TCP")
    }
    return "--admin_token_file \(path) cannot be read yet (\(obstacle)): "
      + "requests about volumes over TCP are refused until it can"
  }
}

extension HostFacts {
  /// Whether this process runs in a pod.
  var isInKubernetes: Bool { nonEmpty("KUBERNETES_SERVICE_HOST") != nil }

  /// The address to listen on, nil for every address of the machine.
  fileprivate func listenHost(_ given: String?, flag: String) throws -> String? {
    guard let given else { return isInKubernetes ? nil : "127.0.0.1" }
    if ["0.0.0.0", "::", "*"].contains(given) { return nil }
    if given == "localhost" { return "127.0.0.1" }
    var address = in6_addr()
    guard inet_pton(AF_INET, given, &address) == 1 || inet_pton(AF_INET6, given, &address) == 1 else {
      throw ProgramError(
        .usage, "invalid \(flag) '\(given)'", cause: "it is no address",
        hint: "give one of this machine's addresses, such as 127.0.0.1, or 0.0.0.0 for all")
    }
    return given
  }
}
