import HTTPEndpoint
import Synchronization

/// Liveness and readiness for probes.
final class Health: Sendable {
  /// Says what is missing; nil when nothing is.
  typealias Check = @Sendable () -> String?

  private let checks = Mutex<[String: Check]>([:])

  /// Makes readiness depend on something, under a name.
  func require(_ name: String, _ check: @escaping Check) { checks.withLock { $0[name] = check } }

  /// Readiness no longer depends on it.
  func waive(_ name: String) { checks.withLock { $0[name] = nil } }

  /// The process answers, so it lives; it is ready when nothing is missing.
  func respond(to request: HTTPEndpoint.Request) -> HTTPEndpoint.Response {
    guard request.isRead else { return .methodNotAllowed }
    switch request.path {
    case "/healthz": return .ok
    case "/readyz":
      let checks = checks.withLock { $0 }
      let missing = checks.sorted { $0.key < $1.key }.compactMap { name, check in check().map { "\(name): \($0)\n" } }
      return missing.isEmpty
        ? .ok : HTTPEndpoint.Response(status: 503, missing.joined())
    default: return HTTPEndpoint.Response(status: 404, "try /healthz or /readyz\n")
    }
  }
}
