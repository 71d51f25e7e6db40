import Coordination
import EtcdClient
import EtcdMetadata
import Glibc
import Logging
import StoreCore
import StoreServer
import Support
import Synchronization

/// An etcd that holds the metadata of several stores.
struct EtcdOptions: Sendable, Equatable {
  var endpoints: [EtcdEndpoint]
  /// The beginning of all keys.
  var prefix: String
  var tls: EtcdTLS?
  var credentials: EtcdCredentials?
  /// Time that etcd may be away at the start; nil for as long as it takes.
  var timeout: Duration?
  /// Time that etcd may be away later, until a change is refused.
  var patience: Duration { timeout ?? .seconds(60) }
  var timing = MembershipTiming()

  /// The addresses, for people.
  var places: String { endpoints.map(\.description).joined(separator: ",") }
}

/// Joins the stores that share an etcd.
func metadataSharing(_ options: EtcdOptions, _ log: Logger) -> MetadataSharing {
  { record, report in
    log.info("metadata is shared through \(options.places), prefix \(options.prefix)")
    let joining = Joining(options: options, log: log, report: report)
    Task.detached { await joining.run(record) }
  }
}

/// A store on its way to the others.
private struct Joining: Sendable {
  let options: EtcdOptions
  let log: Logger
  let report: @Sendable (SharingProgress) -> Void

  /// Whether people know already that the store is not ready.
  private final class Announcement: Sendable {
    private let reason = Mutex<ProgramError?>(nil)

    var last: ProgramError? { reason.withLock { $0 } }

    /// - Returns: whether it is the first.
    func note(_ reason: ProgramError) -> Bool {
      self.reason.withLock { last in
        defer { last = reason }
        return last == nil
      }
    }
  }

  func run(_ record: InstanceRecord) async {
    let announcement = Announcement()
    do {
      guard let timeout = options.timeout else { return await join(record, announcement) }
      try await withTimeout(timeout) { await join(record, announcement) }
    } catch {
      report(.failed(announcement.last ?? notReady(.unavailable("\(error)"))))
    }
  }

  private func join(_ record: InstanceRecord, _ announcement: Announcement) async {
    let client = EtcdClient(endpoints: options.endpoints, tls: options.tls, credentials: options.credentials)
    do throws(EtcdError) {
      let membership = try await EtcdMembership.join(
        client, prefix: options.prefix, record: record, place: place(ofSocket: record.socketPath),
        timing: options.timing, log: log
      ) { error in
        let reason = notReady(error)
        // Said once: what comes after that is the same, or of another endpoint.
        if announcement.note(reason) {
          log.warning("\(reason.description); it goes on trying")
        } else {
          log.debug("\(reason)")
        }
        report(.waiting(reason))
      }
      log.info("this is instance \(membership.instance)")
      report(
        .joined { store, wake in
          EtcdBackend(membership, store: store, patience: options.patience, log: log, wake: wake)
        })
    } catch {
      // Cancelled when the time is up, which is told elsewhere.
      if error != .cancelled { report(.failed(failure(error))) }
    }
  }

  private func notReady(_ error: EtcdError) -> ProgramError {
    ProgramError(
      .notReady, "the store is not ready: its metadata is in etcd", cause: "\(error)",
      hint: "see that etcd runs at \(options.places), or start with --meta local")
  }

  private func failure(_ error: EtcdError) -> ProgramError {
    guard case .badCertificate(let reason) = error else { return notReady(error) }
    return ProgramError(
      .usage, "the certificates for etcd cannot be used", cause: reason,
      hint: "see that --etcd_ca_file, --etcd_cert_file and --etcd_key_file are PEM files that belong together")
  }
}

/// A name for the place of a socket that all processes of this machine agree on, containers included, and no other
/// machine shares: only one process can serve there.
private func place(ofSocket path: String) -> String {
  let slash = path.lastIndex(of: "/")
  // The directory itself, where a symbolic link leads to it.
  let directory = slash.map { path[...$0] + "." } ?? "."
  guard let boot = try? TextFile.read("/proc/sys/kernel/random/boot_id"),
    let file = FileIdentity(of: directory, in: AT_FDCWD)
  else { return "unknown/\(UInt64.random(in: 0 ... .max))" }
  let name = path[(slash.map { path.index(after: $0) } ?? path.startIndex)...]
  return "\(boot.prefix { $0 != "\n" })/\(file.device)/\(file.inode)/\(name)"
}
