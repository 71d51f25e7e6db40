import ArgumentParser
import HTTPEndpoint
import Logging
import Manifests
import StoreServer
import Support

/// Everything the daemon needs to know to start, in the units it works in.
public struct VineyarddOptions: Sendable {
  /// The settings of the server.
  public var server: ServerConfiguration
  /// The etcd that holds the metadata; nil for the memory of the daemon.
  var etcd: EtcdOptions?
  /// Least severe lines to log.
  public var logLevel = Logger.Level.info
  /// Whether a crash leaves a core dump.
  public var dumpsCore = false

  /// Certificates and keys, to be looked at before starting.
  var tlsFiles: [TLSFiles] = []

  /// Warnings to log before starting.
  var warnings: [String] = []

  /// Turns parsed flags and the facts of the host into settings.
  ///
  /// - Throws: `ProgramError`, with code `usage` for a value that makes no sense.
  init(_ flags: DaemonFlags) throws {
    server = ServerConfiguration(socketPath: "", version: Version.current)
    server.memoryVolume = flags.host.isInKubernetes ? "/dev/shm" : nil
    server.nodeMemory = flags.host.nonEmpty("VINEYARDD_MEMORY_LIMIT").flatMap { UInt64($0) }
    server.hostname = flags.host.nonEmpty("MY_HOST_NAME") ?? flags.host.hostName()
    server.nodename = flags.host.nonEmpty("MY_NODE_NAME") ?? server.hostname
    for flag in FlagTable.daemon { try flag.apply(flags, &self) }
  }
}

extension VineyarddOptions {
  /// Reads the files for TLS.
  ///
  /// - Returns: warnings about files that cannot be used at this time. In a pod others may be there soon, and the store
  ///   serves its node without them.
  /// - Throws: `ProgramError` with code `usage` for a file that cannot be used; outside of Kubernetes also for one that
  ///   has expired.
  func checkTLSFiles() throws(ProgramError) -> [String] {
    var warnings: [String] = []
    for files in tlsFiles {
      let lapses = try files.check()
      if let lapse = lapses.first, server.memoryVolume == nil { throw lapse }
      warnings += lapses.map(\.description)
    }
    return warnings
  }
}

/// The values of the daemon's flags, and the host they are for.
struct DaemonFlags: Sendable {
  /// Values by the names of their flags; flags without value or default have none.
  let values: [String: FlagValue]
  let host: HostFacts

  /// Whether a switch is on.
  func isOn(_ name: String) -> Bool { values[name] == .boolean(true) }

  /// The value of a flag, its default included; nil without any.
  func value<Content: ExpressibleByArgument>(_ name: String) -> Content? {
    values[name].flatMap { Content(argument: $0.text) }
  }

  /// The file for TLS that a flag names.
  func file(_ name: String) -> TLSFiles.File? {
    let path: String? = value(name)
    return path.map { TLSFiles.File(flag: "--\(name)", path: $0) }
  }
}

/// A part of the daemon's flags.
protocol DaemonFlagTable: FlagList {
  static var table: [FlagSpec] { get }
}

extension DaemonFlagTable {
  static var flags: [FlagDeclaration] { table.compactMap(\.declaration) }
}
