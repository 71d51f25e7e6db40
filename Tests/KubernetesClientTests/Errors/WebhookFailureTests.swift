import Testing

@testable import KubernetesClient

/// Webhooks that the API server could not call, read from its words.
@Suite struct WebhookFailureTests {
  private func failure(_ name: String, _ url: String, _ reason: String) -> WebhookFailure? {
    WebhookFailure(
      message:
        #"Internal error occurred: failed calling webhook "\#(name)": failed to call webhook: Post "\#(url)": \#(reason)"#
    )
  }

  @Test func `somebody else's is named with its service`() throws {
    let found = try #require(
      failure("validate.example.com", "https://guard.policies.svc:443/validate?timeout=10s", "connection refused"))
    #expect(found.name == "validate.example.com")
    #expect(found.service?.namespace == "policies" && found.service?.name == "guard")
    #expect(found.reason == "connection refused")
    #expect(!found.isOurs && !found.isSilence)
    #expect(
      "\(found)" == "the webhook 'validate.example.com' (service policies/guard) does not answer: connection refused")
    #expect(found.hint.contains("not one of Vineyard's"))
  }

  @Test func `one outside the cluster has no service`() throws {
    let found = try #require(failure("a.b", "https://hooks.example.com/x", "EOF"))
    #expect(found.service == nil)
  }

  @Test(
    arguments: [
      ("context deadline exceeded", true), ("dial tcp 10.0.0.7:9443: i/o timeout", true),
      ("net/http: request canceled (Client.Timeout exceeded while awaiting headers)", true),
      (#"no endpoints available for service "vineyard-webhook-service""#, false),
      ("dial tcp 10.0.0.7:443: connect: connection refused", false),
    ])
  func `when ours is silent it is the network`(_ reason: String, _ isSilence: Bool) throws {
    let found = try #require(
      failure("vvineyardd.kb.io", "https://vineyard-webhook-service.vineyard-system.svc:443/v?timeout=10s", reason))
    #expect(found.isOurs)
    #expect(found.isSilence == isSilence)
    #expect(found.hint.contains("--webhook.port") == isSilence)
  }

  @Test func `another error is none`() {
    #expect(WebhookFailure(message: "etcdserver: request timed out") == nil)
  }
}
