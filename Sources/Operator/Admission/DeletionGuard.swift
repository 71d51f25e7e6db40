import ClusterInventory
import HTTPEndpoint
import KubernetesClient
import KubernetesObjects
import Logging
import Manifests
import Support
import Synchronization

/// Refuses to let a cluster go while claims, pods or volumes are in its stores.
///
/// Unlike the other rules this one depends on the rest of the cluster, so the manager answers it and not the webhook
/// container, which has no access to the API. When it cannot tell, deletion goes on (`failurePolicy: Ignore`).
final class DeletionGuard: Sendable {
  /// The path that `manifests/webhooks.yaml` registers.
  static let path = "/validate-deletion-k8s-v6d-io-v1alpha1-vineyardd"

  /// Kubernetes' own controllers, which finish what somebody else has begun: the end of a namespace, or of an owner.
  private static let controllers: Set = ["namespace-controller", "generic-garbage-collector"]
  /// Reviews at the same time: anybody in the pod network can send some, and each costs several lists.
  private static let concurrency = 4

  private let client: KubernetesClient
  private let log: Logger
  private let running = Mutex(0)

  init(client: KubernetesClient, log: Logger) {
    self.client = client
    self.log = log
  }

  /// Responds to a request of an API server.
  func respond(to request: HTTPEndpoint.Request) async -> HTTPEndpoint.Response {
    guard request.method == "POST" else { return HTTPEndpoint.Response(status: 405, "only POST is answered here\n") }
    let review: AdmissionRequest
    do throws(AdmissionRequest.Malformed) {
      review = try AdmissionRequest(request.body)
    } catch {
      return HTTPEndpoint.Response(status: 400, "\(error.reason)\n")
    }
    let mayAsk = running.withLock { count in
      guard count < Self.concurrency else { return false }
      count += 1
      return true
    }
    guard mayAsk else { return HTTPEndpoint.Response(status: 503, "too many reviews at once, try again\n") }
    defer { running.withLock { $0 -= 1 } }
    let verdict = await verdict(on: review)
    return HTTPEndpoint.Response(verdict.review(uid: review.uid).json, contentType: HTTPEndpoint.Response.json)
  }

  private func verdict(on request: AdmissionRequest) async -> AdmissionVerdict {
    guard let cluster = request.old, Self.isToBeAsked(request, cluster), let namespace = cluster.namespace else {
      return .allowed
    }
    do {
      let place = try await client.get(ObjectReference(type: .namespace, name: namespace))
      guard place?.isBeingDeleted == false else { return .allowed }
      let name = "\(namespace)/\(cluster.name)"
      let classes = try await StorageClasses(client: client).of(clusters: [name])
      let uses = try await VolumeUses(client: client, scope: .clusters([name], classes: classes)).find().uses
      guard let phrase = uses.phrase else { return .allowed }
      log.info("the deletion of vineyardd \(name) by \(request.user) is refused: \(phrase)")
      return .refused(403, "Forbidden", Self.refusal(name, namespace, cluster.name, phrase))
    } catch {
      log.warning("what uses \(cluster.reference) cannot be looked at, so it may go: \(error)")
      return AdmissionVerdict(warnings: ["what uses the cluster could not be looked at: \(error)"])
    }
  }

  private static func isToBeAsked(_ request: AdmissionRequest, _ cluster: KubernetesObject) -> Bool {
    guard request.operation == "DELETE", !cluster.isBeingDeleted else { return false }
    if cluster.annotations[Manifests.deletionAnnotation] == "true" { return false }
    return !controllers.contains { request.user == "system:serviceaccount:kube-system:\($0)" }
  }

  private static func refusal(_ cluster: String, _ namespace: String, _ name: String, _ phrase: String) -> String {
    "vineyardd \(cluster) is in use: \(phrase) (hint: delete these first, or allow it: kubectl annotate vineyardd "
      + "-n \(namespace) \(name) \(Manifests.deletionAnnotation)=true)"
  }
}
