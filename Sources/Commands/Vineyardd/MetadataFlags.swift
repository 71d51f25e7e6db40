import ArgumentParser
import EtcdClient
import EtcdMetadata
import HTTPEndpoint
import Support

/// The daemon's flags about where object metadata lives.
enum MetadataFlags: DaemonFlagTable {
  private static let etcdReason = "etcd is never started by the daemon"
  /// Holds the password of the etcd user, where no file does.
  static let passwordVariable = "VINEYARD_ETCD_PASSWORD"

  static let table: [FlagSpec] = [
    .optional(
      "meta", ArgumentHelp("Where metadata lives. (default: local without --etcd_endpoint)", valueName: "backend")
    ) { (backend: Backend?, flags, options) in
      let endpoint: String? = flags.value("etcd_endpoint")
      // Wrong ones are wrong without etcd, too.
      let times = try times(flags)
      guard backend == .etcd || (backend == nil && endpoint != nil) else {
        for flag in etcdFlags where flags.values[flag] != nil {
          options.warnings.append("--\(flag) has no effect: metadata is local")
        }
        return
      }
      var etcd = try etcd(flags, &options.warnings)
      etcd.timeout = times.timeout
      if let lease = times.lease { etcd.timing.lease = lease }
      if let silence = times.silence {
        etcd.timing.silence = silence
        etcd.timing.beat = silence / 3
      }
      options.etcd = etcd
      options.tlsFiles.append(
        TLSFiles(
          certificate: flags.file("etcd_cert_file"), key: flags.file("etcd_key_file"),
          authorities: flags.file("etcd_ca_file")))
    },
    .optional(
      "etcd_endpoint",
      ArgumentHelp(
        "Addresses of etcd, several with commas. (default: http://127.0.0.1:2379)", valueName: "address")
    ) { (_: String?, _, _) in },
    .optional(
      "etcd_prefix", ArgumentHelp("Beginning of all keys in etcd. (default: vineyard)", valueName: "prefix")
    ) { (_: String?, _, _) in },
    .optional(
      "etcd_ca_file",
      ArgumentHelp("Authorities that certificates of etcd must come from. (default: the system's)", valueName: "file"),
      completion: .file()
    ) { (_: String?, _, _) in },
    .optional(
      "etcd_cert_file", ArgumentHelp("Certificate with which etcd knows this store.", valueName: "file"),
      completion: .file()
    ) { (_: String?, _, _) in },
    .optional(
      "etcd_key_file", ArgumentHelp("Key of that certificate.", valueName: "file"), completion: .file()
    ) { (_: String?, _, _) in },
    .optional("etcd_user", ArgumentHelp("User of etcd.", valueName: "name")) { (_: String?, _, _) in },
    .optional(
      "etcd_password_file",
      ArgumentHelp("File with the password of that user. (default: $\(passwordVariable))", valueName: "file"),
      completion: .file()
    ) { (_: String?, _, _) in },
    .optional(
      "meta_timeout",
      ArgumentHelp(
        "Seconds to wait for etcd at the start, then end with status 3; later, until a change is refused. (default: "
          + "wait until it is there; 60)",
        valueName: "seconds")
    ) { (_: Int?, _, _) in },
    .optional("meta_lease", .hidden) { (_: Int?, _, _) in },
    .optional("meta_silence", .hidden) { (_: Int?, _, _) in },
    FlagSpec("skip_launch_etcd", .boolean(default: true), .notYet(etcdReason), settled: "true"),
    FlagSpec("etcd_cmd", .text, .notYet(etcdReason), settled: ""),
    FlagSpec("etcd_data_dir", .text, .notYet(etcdReason), settled: ""),
    FlagSpec("sync_crds", .boolean(default: false), .notYet(FlagTable.syncCRDsReason), settled: "false"),
  ]

  /// The metadata backends of the original.
  private enum Backend: String, CaseIterable, ExpressibleByArgument {
    case local, etcd
  }

  private static let files = ["etcd_ca_file", "etcd_cert_file", "etcd_key_file", "etcd_password_file"]
  private static let etcdFlags = ["etcd_endpoint", "etcd_user"] + files

  // MARK: - What they mean together

  private static func etcd(_ flags: DaemonFlags, _ warnings: inout [String]) throws -> EtcdOptions {
    for flag in files { try requireFile(flag, flags) }
    var options = EtcdOptions(
      endpoints: try EtcdEndpoint.list(flags.value("etcd_endpoint") ?? "http://127.0.0.1:2379"),
      prefix: try prefix(flags))
    options.tls = try tls(flags)
    if options.tls != nil, let plain = options.endpoints.first(where: { !$0.isSecure }) {
      warnings.append("\(plain) is not encrypted, and --etcd_ca_file and --etcd_cert_file have no effect there")
    }
    options.credentials = try credentials(flags)
    return options
  }

  private struct Times {
    let timeout: Duration?
    let lease: Duration?
    let silence: Duration?
  }

  private static func times(_ flags: DaemonFlags) throws -> Times {
    Times(
      timeout: try seconds("meta_timeout", flags, atLeast: 1), lease: try seconds("meta_lease", flags, atLeast: 2),
      silence: try seconds("meta_silence", flags, atLeast: 1))
  }

  private static func prefix(_ flags: DaemonFlags) throws -> String {
    let prefix: String = flags.value("etcd_prefix") ?? "vineyard"
    guard !prefix.isEmpty, !prefix.hasSuffix("/") else {
      throw ProgramError(
        .usage, "invalid --etcd_prefix '\(prefix)'", hint: "give the beginning of the keys without the slash at its end"
      )
    }
    return prefix
  }

  private static func tls(_ flags: DaemonFlags) throws -> EtcdTLS? {
    let (certificate, key): (String?, String?) = (flags.value("etcd_cert_file"), flags.value("etcd_key_file"))
    let identity: EtcdTLS.Identity?
    switch (certificate, key) {
    case (nil, nil): identity = nil
    case (let certificate?, let key?): identity = .init(certificate: certificate, key: key)
    case (nil, _), (_, nil):
      throw ProgramError(
        .usage, "--etcd_cert_file and --etcd_key_file belong together",
        hint: "give both, or none where etcd asks for no certificate")
    }
    let authorities: String? = flags.value("etcd_ca_file")
    return identity == nil && authorities == nil ? nil : EtcdTLS(authorities: authorities, identity: identity)
  }

  private static func credentials(_ flags: DaemonFlags) throws -> EtcdCredentials? {
    let file: String? = flags.value("etcd_password_file")
    guard let user: String = flags.value("etcd_user") else {
      guard file == nil else {
        throw ProgramError(.usage, "--etcd_password_file without --etcd_user", hint: "say whose password it is")
      }
      return nil
    }
    if let file {
      let text = try TextFile.read(file)
      return EtcdCredentials(user: user, password: text.hasSuffix("\n") ? String(text.dropLast()) : text)
    }
    guard let password = flags.host.nonEmpty(passwordVariable) else {
      throw ProgramError(
        .usage, "no password for --etcd_user \(user)",
        hint: "give a file with --etcd_password_file, or set \(passwordVariable)")
    }
    return EtcdCredentials(user: user, password: password)
  }

  private static func requireFile(_ flag: String, _ flags: DaemonFlags) throws {
    guard let path: String = flags.value(flag), let obstacle = flags.host.fileObstacle(path) else { return }
    throw ProgramError(.usage, "invalid --\(flag) '\(path)'", cause: obstacle, hint: "give a file that can be read")
  }

  private static func seconds(_ flag: String, _ flags: DaemonFlags, atLeast least: Int) throws -> Duration? {
    guard let seconds: Int = flags.value(flag) else { return nil }
    guard (least...86_400).contains(seconds) else {
      throw ProgramError(.usage, "invalid --\(flag) \(seconds)", hint: "give seconds, \(least) to 86400")
    }
    return .seconds(seconds)
  }
}
