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
    }
  ]
}
