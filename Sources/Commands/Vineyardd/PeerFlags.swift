import ArgumentParser
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
    },
    .optional(
      "peer_tls",
      ArgumentHelp(
        "Whether bytes travel between stores over TLS where both can (offer), or not otherwise (require). (default: "
          + "offer with certificates)", valueName: "use")
    ) { (use: Use?, flags, options) in options.server.peerTLS = try tls(use, flags) },
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

  private static func tls(_ use: Use?, _ flags: DaemonFlags) throws -> PeerTLS? {
    let paths = files.compactMap { flags.value($0) as String? }
    if paths.isEmpty, use == nil { return nil }
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
