import ClusterInventory
import HTTPEndpoint
import KubernetesClient
import KubernetesObjects
import Logging
import Manifests
import Support
import Synchronization

/// The specification of a kind whose resources stay while something uses them (`ResourceKind.isDeletionGuarded`).
protocol DeletionGuardedSpec: ResourceSpec {
  /// The use that keeps a resource, as a phrase; nil when nothing does.
  static func use(of resource: KubernetesObject, _ client: KubernetesClient) async throws -> String?
}

/// Refuses to let a resource go while something uses it: a cluster while claims, pods or volumes are in its stores.
///
/// Unlike the other rules this one depends on the rest of the cluster, so the manager answers it and not the webhook
/// container, which has no access to the API. When it cannot tell, deletion goes on (`failurePolicy: Ignore`).
final class DeletionGuard: Sendable {
  /// The specifications of the guarded kinds by the path that their webhook asks.
  private static let specs = ResourceKind.all.reduce(into: [String: any DeletionGuardedSpec.Type]()) { specs, kind in
    guard kind.isDeletionGuarded, let spec = kind.spec as? any DeletionGuardedSpec.Type else { return }
    specs["/validate-deletion-\(kind.webhookPath)"] = spec
  }

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

  /// Whether requests to a path are reviews of deletions.
  static func guards(_ path: String) -> Bool { specs[path] != nil }

  /// The handler of a request of an API server; nil for requests to other paths.
  func handler(of request: HTTPEndpoint.Request) -> (@Sendable () async -> HTTPEndpoint.Response)? {
    guard let spec = Self.specs[request.path] else { return nil }
    return { await self.respond(to: request, by: spec) }
  }

  private func respond(
    to request: HTTPEndpoint.Request, by spec: any DeletionGuardedSpec.Type
  ) async -> HTTPEndpoint.Response {
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
    let verdict = await verdict(on: review, by: spec)
    return HTTPEndpoint.Response(verdict.review(uid: review.uid).json, contentType: HTTPEndpoint.Response.json)
  }

  private func verdict(on request: AdmissionRequest, by spec: any DeletionGuardedSpec.Type) async -> AdmissionVerdict {
    guard let resource = request.old, Self.isToBeAsked(request, resource) else { return .allowed }
    do {
      if let namespace = resource.namespace {
        let place = try await client.get(ObjectReference(type: .namespace, name: namespace))
        guard place?.isBeingDeleted == false else { return .allowed }
      }
      guard let use = try await spec.use(of: resource, client) else { return .allowed }
      log.info("the deletion of \(Self.title(resource)) by \(request.user) is refused: \(use)")
      return .refused(403, "Forbidden", Self.refusal(resource, use))
    } catch {
      log.warning("what uses \(resource.reference) cannot be looked at, so it may go: \(error)")
      return AdmissionVerdict(warnings: ["what uses \(resource.reference) could not be looked at: \(error)"])
    }
  }

  private static func isToBeAsked(_ request: AdmissionRequest, _ resource: KubernetesObject) -> Bool {
    guard request.operation == "DELETE", !resource.isBeingDeleted else { return false }
    if resource.annotations[Manifests.deletionAnnotation] == "true" { return false }
    return !controllers.contains { request.user == "system:serviceaccount:kube-system:\($0)" }
  }

  /// `vineyardd team/numbers`.
  private static func title(_ resource: KubernetesObject) -> String {
    "\(resource.kind.lowercased()) \(resource.namespace.map { "\($0)/" } ?? "")\(resource.name)"
  }

  private static func refusal(_ resource: KubernetesObject, _ use: String) -> String {
    let place = resource.namespace.map { " -n \($0)" } ?? ""
    return "\(title(resource)) is in use: \(use) (hint: delete these first, or allow it: kubectl annotate "
      + "\(resource.kind.lowercased())\(place) \(resource.name) \(Manifests.deletionAnnotation)=true)"
  }
}
