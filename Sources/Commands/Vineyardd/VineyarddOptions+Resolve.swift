import Glibc
import Support

extension VineyarddOptions {
  /// Turns parsed flags and the facts of the host into settings.
  ///
  /// - Throws: `CommandError`, with code `usage` for a value that makes no sense.
  init(_ command: VineyarddCommand, host: HostFacts) throws {
    let endpoints = command.endpoints
    let memory = command.memory
    etcd = try command.metadata.etcd()

    socketPath = try endpoints.resolvedSocketPath(host)
    socketMode = try endpoints.resolvedSocketMode(host)
    socketGroup = try endpoints.resolvedSocketGroup(host)
    rpcPort = endpoints.rpc ? endpoints.rpcSocketPort : nil
    metricsPort = endpoints.metricsPort == 0 ? nil : endpoints.metricsPort
    if let rpcPort, rpcPort == metricsPort, rpcPort != 0 {
      throw CommandError(
        .usage, "--rpc_socket_port and --metrics_port are both \(rpcPort)", hint: "choose another one for the metrics")
    }
    rpcHost = try host.listenHost(endpoints.rpcHost, flag: "--rpc_host")
    metricsHost = try host.listenHost(endpoints.metricsHost, flag: "--metrics_host")
    // The host's name may lead to another address than the one that is listened on.
    endpointHost = host.nonEmpty("MY_HOST_NAME") == nil ? rpcHost : nil
    htpasswd = try endpoints.resolvedPasswordFile(host)
    adminTokenFile = endpoints.adminTokenFile
    allowsClusterScope = endpoints.allowClusterScope

    memoryLimit = try memory.resolvedSize()
    memoryVolume = host.isInKubernetes ? "/dev/shm" : nil
    nodeMemory = host.nonEmpty("VINEYARDD_MEMORY_LIMIT").flatMap { UInt64($0) }
    hugePages = memory.hugePages
    populate = try memory.resolvedPopulate()
    deletedMemory = memory.deletedMemory
    overwrite = memory.overwrite
    streamThreshold = try memory.resolvedStreamThreshold()

    deployment = endpoints.deployment
    hostname = host.nonEmpty("MY_HOST_NAME") ?? host.hostName()
    nodename = host.nonEmpty("MY_NODE_NAME") ?? hostname

    logLevel = command.log.level
    logsMetrics = command.log.metrics || command.log.prometheus
    metricsUser = host.nonEmpty("USER") ?? "v6d"
    dumpsCore = command.log.coredump
    if let warning = try endpoints.warningOfAdminToken(host) { warnings.append(warning) }
  }
}

extension MemoryArguments {
  /// Bytes, nil for as much as is sensible.
  fileprivate func resolvedSize() throws -> UInt64? {
    guard let size else { return nil }
    let isNegative = size.drop { $0 == " " }.first == "-"
    guard !isNegative else {
      throw CommandError(
        .usage, "invalid --size '\(size)'", cause: "it is negative",
        hint: "leave it out, or give 0, for as much as the container may use")
    }
    guard let bytes = try ByteSize.parse(size)?.bytes else { return nil }
    guard bytes >= MemoryBudget.minimum else {
      throw CommandError(
        .usage, "invalid --size '\(size)'", cause: "a store has \(MemoryBudget.minimum) bytes at least",
        hint: "write a number and k, m, g, t, p or e, such as 512M or 1.5Gi")
    }
    return bytes
  }

  fileprivate func resolvedPopulate() throws -> Populate {
    guard reserveMemory else { return populate ?? .ahead }
    guard (populate ?? .all) == .all else {
      throw CommandError(.usage, "--reserve_memory contradicts --populate", hint: "give one of them")
    }
    return .all
  }

  fileprivate func resolvedStreamThreshold() throws -> Int {
    guard (0...100).contains(streamThreshold) else {
      throw CommandError(.usage, "invalid --stream_threshold \(streamThreshold)", hint: "give a percentage, 0 to 100")
    }
    return streamThreshold
  }
}

extension EndpointArguments {
  fileprivate func resolvedSocketPath(_ host: HostFacts) throws -> String {
    if let socket { return socket }
    if host.isWritable("/var/run") { return "/var/run/vineyard.sock" }
    if let home = host.nonEmpty("HOME") { return "\(home)/.local/vineyard/vineyard.sock" }
    throw CommandError(
      .failed, "no place for the IPC socket", cause: "/var/run is not writable and HOME is not set",
      hint: "give one with --socket")
  }

  fileprivate func resolvedSocketMode(_ host: HostFacts) throws -> mode_t {
    guard let socketMode else { return host.isInKubernetes ? 0o777 : 0o770 }
    let digits = socketMode.hasPrefix("0o") ? socketMode.dropFirst(2) : socketMode[...]
    guard let mode = mode_t(digits, radix: 8), mode <= 0o777 else {
      throw CommandError(.usage, "invalid --socket_mode '\(socketMode)'", hint: "give octal digits, 0 to 0777")
    }
    guard mode & 0o222 != 0 else {
      throw CommandError(.usage, "with --socket_mode \(socketMode) nobody could connect", hint: "0770 lets a group")
    }
    return mode
  }

  fileprivate func resolvedPasswordFile(_ host: HostFacts) throws -> String? {
    guard let htpasswd else { return nil }
    if let obstacle = host.fileObstacle(htpasswd) {
      throw CommandError(
        .usage, "invalid --htpasswd '\(htpasswd)'", cause: obstacle,
        hint: "make one with htpasswd -c -B \(htpasswd) USER, or leave the flag out for no passwords")
    }
    return htpasswd
  }

  /// Refuses a token file that is not there. The optional Secret of a pod may come later: that is only a warning.
  fileprivate func warningOfAdminToken(_ host: HostFacts) throws -> String? {
    guard let adminTokenFile, let obstacle = host.fileObstacle(adminTokenFile) else { return nil }
    guard host.isInKubernetes else {
      throw CommandError(
        .usage, "invalid --admin_token_file '\(adminTokenFile)'", cause: obstacle,
        hint: "write the token into it, or leave the flag out to refuse requests about volumes over TCP")
    }
    return "--admin_token_file \(adminTokenFile) cannot be read yet (\(obstacle)): "
      + "requests about volumes over TCP are refused until it can"
  }

  fileprivate func resolvedSocketGroup(_ host: HostFacts) throws -> gid_t? {
    guard let socketGroup else { return nil }
    if let group = gid_t(socketGroup) ?? host.groupID(socketGroup) { return group }
    throw CommandError(.usage, "unknown group '\(socketGroup)' for --socket_group", hint: "give a name or a number")
  }
}

extension HostFacts {
  /// Whether this process runs in a pod.
  fileprivate var isInKubernetes: Bool { nonEmpty("KUBERNETES_SERVICE_HOST") != nil }

  /// The address to listen on, nil for every address of the machine.
  fileprivate func listenHost(_ given: String?, flag: String) throws -> String? {
    guard let given else { return isInKubernetes ? nil : "127.0.0.1" }
    if ["0.0.0.0", "::", "*"].contains(given) { return nil }
    if given == "localhost" { return "127.0.0.1" }
    var address = in6_addr()
    guard inet_pton(AF_INET, given, &address) == 1 || inet_pton(AF_INET6, given, &address) == 1 else {
      throw CommandError(
        .usage, "invalid \(flag) '\(given)'", cause: "it is no address",
        hint: "give one of this machine's addresses, such as 127.0.0.1, or 0.0.0.0 for all")
    }
    return given
  }
}
