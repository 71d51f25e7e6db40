import Glibc
import KubernetesClient
import Support
import Synchronization

/// Whether the driver can do its work: it sees the sockets of its node's stores, or the API server answers.
///
/// A node without a store is no reason to be restarted or not to be registered: there, publishing says what is missing.
final class Readiness: Sendable {
  /// What the driver depends on.
  enum Dependency: Sendable {
    /// The directory with the stores' sockets.
    case directory(String)
    case server(KubernetesClient)
  }

  private let dependencies: [Dependency]
  private let log: Log
  /// What was told last, so that the log has changes only.
  private let lastReason = Mutex<String??>(nil)

  init(_ dependencies: [Dependency], log: Log) {
    self.dependencies = dependencies
    self.log = log
  }

  func isReady() async -> Bool {
    var reason: String?
    for dependency in dependencies where reason == nil { reason = await Self.obstacle(dependency) }
    tell(reason)
    return reason == nil
  }

  private static func obstacle(_ dependency: Dependency) async -> String? {
    switch dependency {
    case .directory(let path):
      return access(path, R_OK | X_OK) == 0 ? nil : "\(path): \(errorText(errno))"
    case .server(let client):
      do {
        _ = try await client.version()
        return nil
      } catch {
        return (error as? any ClientError)?.asCommandError.description ?? "\(error)"
      }
    }
  }

  private func tell(_ reason: String?) {
    let isNew = lastReason.withLock { last in
      defer { last = .some(reason) }
      return last != .some(reason)
    }
    guard isNew else { return }
    if let reason { log.warning("not ready: \(reason)") } else { log.info("ready") }
  }
}
