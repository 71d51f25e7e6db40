import KubernetesClient
import KubernetesObjects
import Manifests

/// Whether the API server would take what a deployment makes, its pods above all: nothing tells that before but trying,
/// with server-side dry runs. A Deployment is taken also where its pods are refused.
struct AdmissionCheck: Sendable {
  let check: ClusterCheck

  private static let group = "Admission"

  func run() async throws -> [Finding] {
    try await check.guarded(Self.group) {
      let namespace = ObjectReference(type: .namespace, name: check.subject.namespace)
      let isThere = try await check.client.get(namespace).map { !$0.isBeingDeleted } ?? false
      let pods = isThere ? check.subject.workloads.compactMap { Self.pod(of: $0, in: check.subject.namespace) } : []
      let objects = check.subject.objects.filter { $0.kind.hasSuffix("Role") || $0.kind.hasSuffix("Binding") }
      var findings: [Finding] = []
      for object in objects {
        let denial = try await refusal { try await apply(object) }
        findings += denial.map { [finding("\(object.reference)", $0)] } ?? []
      }
      for pod in pods {
        let denial = try await refusal { _ = try await check.client.create(pod, dryRun: true) }
        findings += denial.map { [finding("the pods of \(pod.annotations[Self.ownerKey] ?? pod.name)", $0)] } ?? []
      }
      if !findings.isEmpty { return findings }
      let roles = "\(objects.count) roles and bindings"
      let what = isThere ? "\(roles) and \(pods.count) kinds of pods" : roles
      return [Finding(Self.group, .passed, "the server takes \(what) in a dry run")]
    }
  }

  private func apply(_ object: KubernetesObject) async throws {
    do {
      _ = try await check.client.apply(object, force: true, dryRun: true)
    } catch let error as KubernetesError where error.isNotFound {
      // The namespace, or the role that is bound, is made by the deployment.
    }
  }

  /// Reason why something is refused, and advice.
  private struct Refusal {
    let text: String
    let hint: String?
  }

  /// A refusal that no role of the user explains; those the permissions tell.
  private func refusal(_ body: () async throws -> Void) async throws -> Refusal? {
    do {
      try await body()
      return nil
    } catch let error as KubernetesError where error.isForbidden {
      let denial = Denial(error.message)
      // Deploying binds the constraints that pods need; a dry run cannot.
      return denial == .role || denial == .securityContextConstraints
        ? nil : Refusal(text: error.message, hint: denial.hint)
    } catch let error as KubernetesError where error.httpStatus == 500 {
      return WebhookFailure(error).map { Refusal(text: "\($0)", hint: $0.hint) }
    }
  }

  private func finding(_ what: String, _ refusal: Refusal) -> Finding {
    Finding(Self.group, .failed, "\(what) would be refused: \(refusal.text)", hint: refusal.hint)
  }

  private static let ownerKey = "vineyardctl/checked-for"

  /// A pod as the workload's controller would make it, of the namespace's default account: its own is not there yet.
  static func pod(of workload: KubernetesObject, in namespace: String) -> KubernetesObject? {
    guard let template = workload.tree["spec", "template"], var spec = template["spec"] else { return nil }
    spec["serviceAccountName"] = nil
    spec["automountServiceAccountToken"] = false
    var pod = KubernetesObject([
      "apiVersion": "v1", "kind": "Pod", "metadata": template["metadata"] ?? [:], "spec": spec,
    ])
    pod.name = "\(workload.name)-check"
    pod.namespace = namespace
    pod.tree["metadata", "annotations", ownerKey] = .string("\(workload.kind) \(workload.name)")
    return pod
  }
}
