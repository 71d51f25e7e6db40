import Glibc
import Support

extension VineyarddOptions {
  /// Turns parsed flags and the facts of the host into settings.
  ///
  /// - Throws: `CommandError`, with code `usage` for a value that makes no sense.
  init(_ command: VineyarddCommand, host: HostFacts) throws {
    let endpoints = command.endpoints
    let memory = command.memory
    try command.metadata.requireLocal()

    socketPath = try endpoints.resolvedSocketPath(host)
    socketMode = try endpoints.resolvedSocketMode(host)
    socketGroup = try endpoints.resolvedSocketGroup(host)
    rpcPort = endpoints.rpc ? endpoints.rpcSocketPort : nil
    metricsPort = endpoints.metricsPort == 0 ? nil : endpoints.metricsPort
    htpasswd = endpoints.htpasswd
    adminTokenFile = endpoints.adminTokenFile

    memoryLimit = try memory.size.flatMap { try ByteSize.parse($0) }?.bytes
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
  }
}

extension MemoryArguments {
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
    guard let socketMode else { return host.nonEmpty("KUBERNETES_SERVICE_HOST") == nil ? 0o770 : 0o777 }
    let digits = socketMode.hasPrefix("0o") ? socketMode.dropFirst(2) : socketMode[...]
    guard let mode = mode_t(digits, radix: 8), mode <= 0o777 else {
      throw CommandError(.usage, "invalid --socket_mode '\(socketMode)'", hint: "give octal digits, 0 to 0777")
    }
    return mode
  }

  fileprivate func resolvedSocketGroup(_ host: HostFacts) throws -> gid_t? {
    guard let socketGroup else { return nil }
    if let group = gid_t(socketGroup) ?? host.groupID(socketGroup) { return group }
    throw CommandError(.usage, "unknown group '\(socketGroup)' for --socket_group", hint: "give a name or a number")
  }
}
