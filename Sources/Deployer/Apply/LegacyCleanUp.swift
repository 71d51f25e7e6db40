import Coordination
import KubernetesClient
import KubernetesObjects
import Manifests

/// Objects of the original program that go away because nothing of ours has their names.
public struct LegacyCleanUp: Sendable {
  enum Selection: Sendable {
    case named([ObjectReference])
    /// Members of an etcd, by the label that only the original gives them: their own name.
    case members(of: String, namespace: String)
    /// Objects of ours that the deployment has no longer; they go whenever they are found.
    case obsolete([ObjectReference])
    /// A StatefulSet of ours whose etcd serves everybody, without encryption.
    case plainEtcd(ObjectReference)
  }

  let selection: Selection
  /// Object before whose first application they go.
  let successor: ObjectReference
  /// Reason why they go, for people.
  let reason: String

  /// Whether it is looked for at every deployment, not only at the first.
  var isRepeated: Bool {
    switch selection {
    case .obsolete, .plainEtcd: true
    case .named, .members: false
    }
  }
}

extension LegacyCleanUp {
  /// The roles of the original operator that ours does without; they give its account, and the namespace's default
  /// account, more rights than anything needs.
  ///
  /// - Parameter successor: the Deployment of our operator.
  public static func operatorRoles(successor: ObjectReference) -> LegacyCleanUp {
    LegacyCleanUp(
      selection: .named(originalRoles), successor: successor, reason: "the operator needs it no more")
  }

  /// The roles of the original operator that ours has not, and their bindings.
  public static let originalRoles: [ObjectReference] = {
    let roles = ["proxy-role", "scheduler-plugin-role"]
    let bindings = [
      "kube-scheduler-rolebinding", "proxy-rolebinding", "scheduler-plugin-rolebinding", "scheduler-rolebinding",
      "volume-scheduler-rolebinding",
    ]
    return bindings.map { ObjectReference(type: .clusterRoleBinding, name: "vineyard-\($0)") }
      + roles.map { ObjectReference(type: .clusterRole, name: "vineyard-\($0)") }
  }()

  /// Objects of the original operator that ours does not have: deleting takes them along.
  ///
  /// Source: the manifests of the original 0.24.2, as it applies them.
  public static let originalOperator: [KubernetesObject] = {
    let kinds = [
      "backups", "csidrivers", "globalobjects", "localobjects", "operations", "recovers", "sidecars", "vineyardds",
    ]
    let definitions = kinds.filter { plural in !ResourceKind.all.contains { $0.plural == plural } }.map {
      ObjectReference(type: .customResourceDefinition, name: "\($0).\(ResourceKind.group)")
    }
    return (definitions + originalRoles).map { reference in
      KubernetesObject([
        "apiVersion": .string(reference.type.apiVersion), "kind": .string(reference.type.kind),
        "metadata": ["name": .string(reference.name)],
      ])
    }
  }()

  /// The webhook of our operator, when it is deployed without one: as long as it is configured, the API server asks it.
  ///
  /// - Parameter successor: the Deployment of our operator.
  public static func webhook(in namespace: String, successor: ObjectReference) -> LegacyCleanUp {
    LegacyCleanUp(
      selection: .obsolete([
        ObjectReference(type: .mutatingWebhooks, name: "vineyard-mutating-webhook-configuration"),
        ObjectReference(type: .validatingWebhooks, name: "vineyard-validating-webhook-configuration"),
        ObjectReference(type: .validatingWebhooks, name: "vineyard-deletion-webhook-configuration"),
        Manifests.placementWebhook,
        ObjectReference(type: .service, namespace: namespace, name: "vineyard-webhook-service"),
      ]), successor: successor, reason: "the operator is deployed without a webhook")
  }

  /// The webhook that directs pods to their data, of an operator that was deployed with it.
  ///
  /// - Parameter successor: the operator without it.
  public static func placement(successor: ObjectReference) -> LegacyCleanUp {
    LegacyCleanUp(
      selection: .obsolete([Manifests.placementWebhook]), successor: successor,
      reason: "the operator is deployed with --placement off")
  }

  /// The etcd members of the original, each a bare pod with a Service; our StatefulSet has pods of the same names.
  ///
  /// - Parameters:
  ///   - cluster: the name of the Vineyard cluster.
  ///   - successor: what brings the StatefulSet.
  public static func etcdMembers(of cluster: String, in namespace: String, successor: ObjectReference) -> LegacyCleanUp
  {
    LegacyCleanUp(
      selection: .members(of: "\(cluster)-etcd", namespace: namespace), successor: successor,
      reason: "a StatefulSet runs etcd from now on")
  }
}

extension LegacyCleanUp {
  /// The etcd of earlier releases: nobody used it, and its members would not understand those of today.
  ///
  /// - Parameter successor: an object of the wave that brings the StatefulSet.
  public static func plainEtcd(of spec: VineyarddSpec, successor: ObjectReference) -> LegacyCleanUp {
    LegacyCleanUp(
      selection: .plainEtcd(
        ObjectReference(type: .statefulSet, namespace: spec.namespace, name: spec.etcdName)), successor: successor,
      reason: "it is not encrypted, and nobody uses it")
  }
}

extension Installer {
  /// Removes the objects of a clean-up, and waits for their end, unless the successor was applied before.
  ///
  /// - Throws: `ProgramError` with code `notReady` when something is still there at the deadline.
  func cleanUp(_ cleanUp: LegacyCleanUp, until deadline: Deadline, _ board: ProgressBoard) async throws {
    if !cleanUp.isRepeated, let successor = try await client.existing(cleanUp.successor),
      FieldHandover.isApplied(successor)
    {
      return
    }
    let objects = try await objects(cleanUp.selection)
    for object in objects {
      let ending = options.isDryRun ? "would be removed" : "removed"
      let origin = cleanUp.isRepeated ? "" : " of the original"
      board.report(.action, "\(object.reference)\(origin) \(ending): \(cleanUp.reason)")
      if !options.isDryRun { _ = try await client.delete(object.reference, uid: object.uid) }
    }
    guard !options.isDryRun else { return }
    let waiter = DeletionWaiter(client: client, board: board)
    for object in objects { try await waiter.wait(forPredecessor: object, until: deadline) }
  }

  private func objects(_ selection: LegacyCleanUp.Selection) async throws -> [KubernetesObject] {
    func all(_ references: [ObjectReference]) async throws -> [KubernetesObject] {
      try await references.mapConcurrently { [client] in try await client.existing($0) }.compactMap { $0 }
    }
    switch selection {
    case .named(let references): return try await all(references).filter { FieldHandover.isOriginal($0) }
    case .obsolete(let references): return try await all(references).filter { Ownership.isOurs($0) }
    case .plainEtcd(let set): return try await all([set]).filter { Ownership.isOurs($0) && $0.isPlainEtcd }
    case .members(let name, let namespace):
      async let pods = client.list(.pod, namespace: namespace, labels: "etcd_node").items
      async let services = client.list(.service, namespace: namespace, labels: "etcd_node").items
      return try await (pods + services).filter { Self.isMember($0, of: name) }
    }
  }

  /// Whether an object is that of `NAME-0`, `NAME-1` and so on.
  private static func isMember(_ object: KubernetesObject, of name: String) -> Bool {
    guard let node = object.labels["etcd_node"], node.hasPrefix("\(name)-") else { return false }
    return UInt(node.dropFirst(name.count + 1)) != nil
  }
}

extension KubernetesClient {
  /// An object; nil also when the server does not know its kind, or not yet, as in a dry run.
  ///
  /// - Throws: `KubernetesError` for every other failure.
  func existing(_ reference: ObjectReference) async throws -> KubernetesObject? {
    do {
      return try await get(reference)
    } catch let error as KubernetesError where error.httpStatus == 404 {
      return nil
    }
  }
}
