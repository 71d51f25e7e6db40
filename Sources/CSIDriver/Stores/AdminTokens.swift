import GRPCCore
import KubernetesClient
import KubernetesObjects
import Support
import Synchronization

/// The tokens that stores want to see before they let somebody change volumes over the network.
///
/// They are read from the Secrets `<cluster>-admin-token` and kept for a minute.
final class AdminTokens: Sendable {
  private static let lifetime: Duration = .seconds(60)
  private static let patience: Duration = .seconds(10)

  private let client: KubernetesClient
  private let tokens = Mutex<[ClusterName: FreshValue<String>]>([:])

  init(client: KubernetesClient) { self.client = client }

  /// The token of a cluster.
  ///
  /// - Parameter refused: a token that a store did not take.
  /// - Throws: `RPCError` with code `unavailable` when the API server does not give it, `failedPrecondition` when the
  ///   cluster has none.
  func token(of cluster: ClusterName, insteadOf refused: String? = nil) async throws(RPCError) -> String {
    let token = tokens.withLock { tokens in
      if let token = tokens[cluster] { return token }
      let client = client
      let token = FreshValue(lifetime: Self.lifetime) { await Self.read(cluster, client) }
      tokens[cluster] = token
      return token
    }
    return try await token.current(insteadOf: refused)
  }

  private static func read(_ cluster: ClusterName, _ client: KubernetesClient) async -> Result<String, RPCError> {
    let reference = ObjectReference(
      type: .secret, namespace: cluster.namespace, name: "\(cluster.name)-admin-token")
    do {
      let secret = try await withTimeLimit(patience, late: .late("the API server does not give \(reference)")) {
        try await client.get(reference)
      }
      return token(in: secret, reference)
    } catch {
      return .failure(.ofServer(error))
    }
  }

  private static func token(in secret: KubernetesObject?, _ reference: ObjectReference) -> Result<String, RPCError> {
    let bytes = secret?.tree["data", "token"]?.string.flatMap { Base64.decode($0) } ?? []
    let token = String(decoding: bytes, as: UTF8.self).trimmingBlanks()
    if !token.isEmpty { return .success(token) }
    let problem = "\(reference) \(secret == nil ? "does not exist" : "has no 'token'")"
    return .failure(
      RPCError(
        code: .failedPrecondition, message: "\(problem) (hint: deploying the cluster with vineyardctl makes it)"))
  }
}
