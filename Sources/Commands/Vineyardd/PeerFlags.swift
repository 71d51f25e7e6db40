import ArgumentParser
import HTTPEndpoint
import StoreServer
import Support

/// The daemon's flags about other stores, with which it shares objects.
enum PeerFlags: DaemonFlagTable {
  static let table: [FlagSpec] = [
    .option(
      "peer_timeout", "seconds", "Seconds without a byte after which another store counts as dead.", default: 10,
      kind: .integer
    ) { (seconds: Int, _, options) in
      guard (1...3600).contains(seconds) else {
        throw ProgramError(.usage, "invalid --peer_timeout \(seconds)", hint: "give seconds, 1 to 3600")
      }
      options.server.peerTimeout = .seconds(Int64(seconds))
      // What the metadata flags mean is known here: they come first in the table.
      if seconds != 10, options.etcd == nil { options.warnings.append(withoutOthers("peer_timeout")) }
    },
    .optional(
      "peer_tls",
      ArgumentHelp(
        "Whether bytes travel between stores over TLS where both can (offer), or not otherwise (require). (default: "
          + "offer with certificates)", valueName: "use")
    ) { (use: Use?, flags, options) in
      options.server.peerTLS = try tls(use, flags)
      if options.server.peerTLS != nil {
        options.tlsFiles.append(
          TLSFiles(
            certificate: flags.file("peer_cert_file"), key: flags.file("peer_key_file"),
            authorities: flags.file("peer_ca_file")))
      }
      guard options.etcd == nil else { return }
      for flag in ["peer_tls"] + files where flags.values[flag] != nil { options.warnings.append(withoutOthers(flag)) }
    },
    .optional(
      "peer_cert_file", ArgumentHelp("Certificate with which other stores know this one.", valueName: "file"),
      completion: .file()
    ) { (_: String?, _, _) in },
    .optional(
      "peer_key_file", ArgumentHelp("Key of that certificate.", valueName: "file"), completion: .file()
    ) { (_: String?, _, _) in },
    .optional(
      "peer_ca_file",
      ArgumentHelp("Authorities that certificates of other stores must come from.", valueName: "file"),
      completion: .file()
    ) { (_: String?, _, _) in },
  ]

  private enum Use: String, CaseIterable, ExpressibleByArgument {
    case offer, require
  }

  private static let files = ["peer_cert_file", "peer_key_file", "peer_ca_file"]

  private static func withoutOthers(_ flag: String) -> String {
    "--\(flag) has no effect: metadata is local, and there are no other stores"
  }

  private static func tls(_ use: Use?, _ flags: DaemonFlags) throws -> PeerTLS? {
    let paths = files.compactMap { flags.value($0) as String? }
    if paths.isEmpty {
      guard let use else { return nil }
      throw ProgramError(
        .usage, "--peer_tls \(use.rawValue) needs --peer_cert_file, --peer_key_file and --peer_ca_file",
        hint: "give all three, or leave it out for stores that talk without TLS")
    }
    guard paths.count == files.count else {
      throw ProgramError(
        .usage, "--peer_cert_file, --peer_key_file and --peer_ca_file belong together",
        hint: "give all three, or none for stores that talk without TLS")
    }
    for (flag, path) in zip(files, paths) {
      guard let obstacle = flags.host.fileObstacle(path) else { continue }
      throw ProgramError(.usage, "invalid --\(flag) '\(path)'", cause: obstacle, hint: "give a file that can be read")
    }
    return PeerTLS(
      certificate: paths[0], key: paths[1], authorities: paths[2], isRequired: use == .require)
  }
}
