import Synchronization

@testable import KubernetesClient

/// Credentials whose authorization changes with each refresh, to the end of a list.
final class RenewedCredentials: CredentialSource {
  private let values: [String]
  private let position = Mutex(0)

  init(_ values: [String]) { self.values = values }

  /// How often a refresh was asked for.
  var refreshes: Int { position.withLock { $0 } }

  func current() async throws -> Credentials { Credentials(authorization: values[refreshes]) }

  func refresh() async -> Bool {
    position.withLock { position in
      position += 1
      return position < values.count
    }
  }
}
