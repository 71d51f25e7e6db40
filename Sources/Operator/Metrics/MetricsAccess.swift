import Documents
import KubernetesClient
import Support
import Synchronization

/// Lets the API server decide who may read the metrics: who has the token (TokenReview), and whether that user may get
/// `/metrics` (SubjectAccessReview).
final class MetricsAccess: Sendable {
  enum Verdict: Sendable, Equatable {
    case allowed
    /// The token is nobody's.
    case unknown
    /// The user has no right to it.
    case forbidden(String)
  }

  /// How long a verdict is believed.
  private static let memory: Duration = .seconds(60)
  /// Tokens remembered; more are asked about each time.
  private static let capacity = 256

  private let client: KubernetesClient
  private let verdicts = Mutex<[String: (verdict: Verdict, until: ContinuousClock.Instant)]>([:])

  init(client: KubernetesClient) { self.client = client }

  /// - Parameter authorization: the header of the request.
  /// - Throws: when the API server does not decide.
  func check(_ authorization: String?) async throws -> Verdict {
    guard let authorization, authorization.lowercased().hasPrefix("bearer ") else { return .unknown }
    let token = authorization.dropFirst("bearer ".count).trimmingBlanks()
    guard !token.isEmpty else { return .unknown }
    let now = ContinuousClock.now
    if let known = verdicts.withLock({ $0[token] }), known.until > now { return known.verdict }
    let verdict = try await ask(token)
    verdicts.withLock { verdicts in
      verdicts = verdicts.filter { $0.value.until > now }
      if verdicts.count < Self.capacity { verdicts[token] = (verdict, now + Self.memory) }
    }
    return verdict
  }

  private func ask(_ token: String) async throws -> Verdict {
    let review = try await client.create(
      KubernetesObject([
        "apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": ["token": .string(token)],
      ]))
    guard review.tree["status", "authenticated"]?.bool == true,
      let user = review.tree["status", "user", "username"]?.string
    else { return .unknown }
    var spec: Value = [
      "user": .string(user), "nonResourceAttributes": ["path": "/metrics", "verb": "get"],
    ]
    spec["groups"] = review.tree["status", "user", "groups"]
    spec["uid"] = review.tree["status", "user", "uid"]
    let access = try await client.create(
      KubernetesObject([
        "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec,
      ]))
    return access.tree["status", "allowed"]?.bool == true ? .allowed : .forbidden(user)
  }
}
