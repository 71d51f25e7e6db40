import Coordination
import KubernetesClient
import KubernetesObjects

/// The content of a namespace, apart from the objects that Kubernetes itself puts into each.
struct NamespaceContent: Sendable {
  let client: KubernetesClient
  /// Objects that are going anyway.
  let pending: PendingDeletions

  private static let types: [ObjectType] = [
    .pod, .deployment, .statefulSet, .daemonSet, .replicaSet, .job, .cronJob, .persistentVolumeClaim, .service,
    .configMap, .secret, .serviceAccount, .role, .roleBinding, .resourceQuota, .limitRange, .disruptionBudget,
    .horizontalPodAutoscaler, .ingress, .networkPolicy,
  ]

  /// Objects somebody would lose with the namespace, as `Kind name`.
  func remaining(in namespace: String) async throws -> [String] {
    let types = Self.types + (try await customTypes())
    let found = try await types.mapConcurrently { try await list($0, in: namespace) }
    let objects = found.flatMap { $0 ?? [] }
    let unknown = zip(types, found).filter { $0.1 == nil }.map { type, _ in
      "perhaps \(type.kind) objects, which the server cannot list"
    }
    // What one of them owns goes with it, and is not worth telling.
    let uids = Set(objects.compactMap(\.uid))
    let roots = objects.filter { object in !object.owners.contains { uids.contains($0.uid) } }
    return roots.filter { !pending.contains($0) && Self.counts($0) }.map { "\($0.kind) \($0.name)" } + unknown
  }

  /// nil when the server fails at it, as with kinds of others whose conversion webhook does not answer.
  private func list(_ type: ObjectType, in namespace: String) async throws -> [KubernetesObject]? {
    do {
      return try await client.list(type, namespace: namespace).items
    } catch let error as KubernetesError where error.isNotFound {
      // The kind went a moment ago, or this server has none.
      return []
    } catch let error as KubernetesError where error.httpStatus >= 500 && !Self.types.contains(type) {
      return nil
    }
  }

  /// The kinds that custom resource definitions add to namespaces.
  private func customTypes() async throws -> [ObjectType] {
    try await client.list(.customResourceDefinition).items.compactMap { definition in
      definition.definesNamespacedType && !pending.contains(definition) ? definition.definedType : nil
    }
  }

  /// Whether an object is somebody's, and not made for every namespace or by the operator for itself.
  private static func counts(_ object: KubernetesObject) -> Bool {
    switch object.kind {
    case "ServiceAccount" where object.name == "default": return false
    case "ConfigMap" where ["kube-root-ca.crt", "openshift-service-ca.crt"].contains(object.name): return false
    default: break
    }
    if object.tree["type"]?.string == "kubernetes.io/service-account-token" { return false }
    if isTokenRight(object) { return false }
    let isOperators = object.labels["app.kubernetes.io/component"] == "operator" && Ownership.isOurs(object)
    return object.kind != "Secret" || !isOperators
  }

  /// Whether an object lets a driver elsewhere read the tokens of clusters here, of which it makes nothing without them.
  private static func isTokenRight(_ object: KubernetesObject) -> Bool {
    ["Role", "RoleBinding"].contains(object.kind) && object.name.hasSuffix("-csi-admin-tokens")
      && object.labels["app.kubernetes.io/component"] == "csi-driver" && Ownership.isOurs(object)
  }
}
