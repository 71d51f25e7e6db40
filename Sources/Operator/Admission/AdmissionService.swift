import HTTPEndpoint
import KubernetesObjects
import Manifests

/// Responds to the requests that `manifests/webhooks.yaml` directs to the webhook.
struct AdmissionService: Sendable {
  /// Bytes of a review: two objects as large as an API server takes them (3 MiB), and something around them.
  static let bodyLimit = 7 << 20

  /// Result of a review, as the metrics label it.
  enum Result: String, Sendable, CaseIterable {
    case allowed, denied, malformed
  }

  private typealias Decision = @Sendable (AdmissionRequest) -> AdmissionVerdict

  private let decisions: [String: Decision]

  init() {
    var decisions: [String: Decision] = [:]
    for kind in ResourceKind.all {
      let policy = AdmissionPolicy(kind: kind)
      decisions["/validate-\(kind.webhookPath)"] = { policy.validate($0) }
      decisions["/mutate-\(kind.webhookPath)"] = { policy.complete($0) }
    }
    self.decisions = decisions
  }

  /// The response to a request; it depends on nothing but the request.
  func respond(method: String, path: String, body: [UInt8]) -> (HTTPEndpoint.Response, Result) {
    guard let decide = decisions[path] else {
      return (.init(status: 404, "try \(decisions.keys.sorted().joined(separator: ", "))\n"), .malformed)
    }
    guard method == "POST" else { return (.init(status: 405, "only POST is answered here\n"), .malformed) }
    do throws(AdmissionRequest.Malformed) {
      let request = try AdmissionRequest(body)
      let verdict = decide(request)
      let response = HTTPEndpoint.Response(
        verdict.review(uid: request.uid).json, contentType: HTTPEndpoint.Response.json)
      return (response, verdict.refusal == nil ? .allowed : .denied)
    } catch {
      return (.init(status: 400, "\(error.reason)\n"), .malformed)
    }
  }
}
