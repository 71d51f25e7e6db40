import ClusterInventory
import KubernetesClient
import KubernetesObjects
import Manifests
import Support

/// The facts that a command gathers about a cluster before it changes anything.
public struct ClusterFacts: Sendable {
  public let version: ServerVersion
  /// Whether the namespace that is deployed to exists.
  public let hasNamespace: Bool
  /// Whether somebody else made it.
  public let isNamespaceOthers: Bool
  /// Whether it is on its way out.
  public let isNamespaceEnding: Bool
  /// The nodes; nil without the right to list them.
  public let nodes: [NodeFacts]?
  /// Features beyond plain Kubernetes.
  public let platform: Platform

  /// Asks the API server, everything at once.
  ///
  /// - Throws: `ProgramError` when it cannot be reached or refuses.
  public static func gather(_ client: KubernetesClient, namespace: String) async throws -> ClusterFacts {
    async let version = client.version()
    async let found = client.get(ObjectReference(type: .namespace, name: namespace))
    async let nodes = nodesIfAllowed(client)
    async let constraints = client.resource(for: Platform.constraintsType)
    let (existing, server) = try await (found, version)
    return try await ClusterFacts(
      version: server, hasNamespace: existing != nil,
      isNamespaceOthers: existing.map { !$0.isBeingDeleted && !Ownership.isCreatedByUs($0) } ?? false,
      isNamespaceEnding: existing?.isBeingDeleted ?? false, nodes: nodes,
      platform: Platform(
        isOpenShift: constraints != nil, hasMatchConditions: server.major > 1 || server.minor >= matchConditionsMinor))
  }

  private static func nodesIfAllowed(_ client: KubernetesClient) async throws -> [NodeFacts]? {
    do {
      return try await client.list(.node).items.map { NodeFacts($0) }
    } catch let error as KubernetesError where error.httpStatus == 403 {
      return nil
    }
  }

  /// Makes sure that the cluster can be deployed to.
  ///
  /// - Throws: `ProgramError` when the server is too old, or the namespace missing and not to be created.
  public func requireUsable(namespace: String, createsNamespace: Bool) throws {
    if version.major == 1 && version.minor < Self.oldestMinor {
      throw ProgramError(
        .failed, "Kubernetes \(version.gitVersion) is too old",
        hint: "vineyardctl needs 1.\(Self.oldestMinor) or newer")
    }
    if createsNamespace || hasNamespace && !isNamespaceEnding { return }
    guard !isNamespaceEnding else {
      throw ProgramError(
        .failed, "the namespace '\(namespace)' is being deleted",
        hint: "--create-namespace waits for its end and creates it anew")
    }
    throw ProgramError(
      .failed, "the namespace '\(namespace)' does not exist",
      hint: "--create-namespace creates it, -n names another one")
  }

  /// The minor version of Kubernetes 1 from which on webhooks have match conditions.
  private static let matchConditionsMinor = 28

  /// The oldest minor version of Kubernetes 1 that is supported.
  public static let oldestMinor = 25
}

/// Looks for operators, the original's included.
public struct OperatorPresence: Sendable {
  private let client: KubernetesClient

  public init(client: KubernetesClient) { self.client = client }

  /// The Deployments of operators.
  ///
  /// Source: `k8s.v6d.io/instance=vineyard-operator` is on ours and on the original's.
  ///
  /// - Parameter namespace: nil for every namespace.
  func deployments(in namespace: String? = nil) async throws -> [KubernetesObject] {
    try await client.list(.deployment, namespace: namespace, labels: "k8s.v6d.io/instance=vineyard-operator").items
  }

  /// Whether there is one in a namespace, in whatever state.
  ///
  /// - Throws: as every call of `KubernetesClient`.
  public func isIn(_ namespace: String) async throws -> Bool {
    try await !deployments(in: namespace).isEmpty
  }

  /// The Deployment of the operator: that of a namespace, else that of another one; nil also when it cannot be seen.
  ///
  /// - Throws: as every call of `KubernetesClient`.
  public func deployment(preferring namespace: String) async throws -> KubernetesObject? {
    do {
      let all = try await deployments()
      return all.first { $0.namespace == namespace } ?? all.first
    } catch let error as KubernetesError where error.isForbidden {
      return nil
    }
  }

  /// The namespaces that have one; those that cannot be seen are left out.
  ///
  /// - Throws: as every call of `KubernetesClient`.
  public func namespaces() async throws -> Set<String> {
    do {
      return Set(try await deployments().compactMap(\.namespace))
    } catch let error as KubernetesError where error.isForbidden {
      return []
    }
  }

  /// Makes sure that a deployment brings no second operator: the two would share cluster roles, webhooks and the CSI
  /// driver, and the one that is there would lose its rights.
  ///
  /// - Parameter target: what is to be deployed, as people write it.
  /// - Throws: `ProgramError` with the command that works.
  public func requireNone(outside namespace: String, deploying target: String) async throws {
    let others = try await namespaces().subtracting([namespace]).sorted()
    guard let place = others.first else { return }
    let hint =
      target == "operator"
      ? "'vineyardctl deploy operator -n \(place)' brings it up to date"
      : "'vineyardctl deploy vineyardd -n \(namespace) --create-namespace' deploys a cluster that it runs"
    throw ProgramError(
      .failed, "an operator runs in the namespace '\(place)' already", cause: "one serves all namespaces", hint: hint)
  }

  /// Whether one works in a namespace, and answers the webhooks.
  func isAvailable(in namespace: String) async throws -> Bool {
    try await deployments(in: namespace).contains { Workload($0).available > 0 }
  }
}

/// Tells our objects from those of others.
public enum Ownership {
  /// Whether this program, or the original one under the same name, made the object.
  static func isOurs(_ object: KubernetesObject) -> Bool {
    if object.labels["app.kubernetes.io/managed-by"] == Manifests.creator { return true }
    return isEtcdClaim(object) || isSidecarLease(object) || isBareAccount(object)
      || isWritten(object, by: FieldManager.vineyardctl)
  }

  /// Whether the namespace exists because of `--create-namespace`, or of the original, which always made it.
  public static func isCreatedByUs(_ namespace: KubernetesObject) -> Bool {
    namespace.annotations[Manifests.createdByAnnotation] == Manifests.creator
      || isWritten(namespace, by: FieldManager.vineyardctl)
  }

  /// The replicas of a workload, if this program was the last to say how many.
  public static func appliedReplicas(of workload: KubernetesObject) -> Int? {
    let isOurs = workload.managedFields.contains { fields in
      fields.isOwned(by: FieldManager.vineyardctl, .apply) && fields.fields?["f:spec", "f:replicas"] != nil
    }
    return isOurs ? workload.replicas : nil
  }

  /// A StatefulSet leaves the claims of its members behind.
  private static func isEtcdClaim(_ object: KubernetesObject) -> Bool {
    object.kind == "PersistentVolumeClaim" && object.labels["app.vineyard.io/role"] == "etcd"
      && object.labels["app.vineyard.io/name"] != nil
  }

  /// The sidecars of the driver elect leaders by Leases of their own, and leave them behind.
  private static func isSidecarLease(_ object: KubernetesObject) -> Bool {
    object.kind == "Lease" && Manifests.sidecarLeases.contains(object.name)
  }

  /// An account without labels, as the original makes it, has no fields and so bears no sign of who made it.
  private static func isBareAccount(_ object: KubernetesObject) -> Bool {
    object.kind == "ServiceAccount" && object.managedFields.isEmpty
  }

  private static func isWritten(_ object: KubernetesObject, by manager: String) -> Bool {
    object.managedFields.contains { $0.isOwned(by: manager) }
  }
}
