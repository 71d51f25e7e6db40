import KubernetesClient
import KubernetesObjects
import Support

/// The part of the cluster that the controllers look at.
struct World: Sendable {
  let vineyardds = Informer(.vineyardd)
  let drivers = Informer(.csiDriver)
  private let owned: [ObjectType: Informer]
  /// Why pods of workloads are refused whose status does not say it; in most clusters there is nothing to follow.
  private let refusals = ["DaemonSet", "StatefulSet"].map {
    Informer(.event, fields: "reason=\(PodRefusal.eventReason),involvedObject.kind=\($0)")
  }

  /// - Parameter optional: further types that this server has.
  init(optional: [ObjectType] = []) {
    let types: [ObjectType] =
      optional + [
        .deployment, .statefulSet, .daemonSet, .service, .serviceAccount, .persistentVolumeClaim, .persistentVolume,
        .disruptionBudget, .role, .roleBinding, .clusterRole, .clusterRoleBinding, .storageClass, .registeredDriver,
      ]
    owned = Dictionary(uniqueKeysWithValues: types.map { ($0, Informer($0, labels: Self.labels)) })
  }

  /// What everything carries that this program makes; the rest of the cluster is not looked at.
  private static let labels = "app.kubernetes.io/managed-by=vineyardctl,app.kubernetes.io/part-of=vineyard"

  var informers: [Informer] { [vineyardds, drivers] + refusals + owned.values }

  /// Whether objects of a type are followed.
  func watches(_ type: ObjectType) -> Bool { owned[type] != nil }

  /// An object as it was last heard of; nil also for kinds that are not watched.
  subscript(reference: ObjectReference) -> KubernetesObject? { owned[reference.type]?[ObjectKey(reference)] }

  /// Why the pods of a workload are refused, nil when it has them or nobody knows.
  func refusal(of workload: KubernetesObject?) -> String? {
    guard let workload else { return nil }
    return PodRefusal.of(
      workload,
      events: refusals.flatMap(\.all).filter { Event($0).subjectUID == workload.uid })
  }

  /// What a custom resource controls.
  func objects(ownedBy uid: String) -> [KubernetesObject] { owned.values.flatMap { $0.objects(ownedBy: uid) } }

  /// Takes an object that a write has returned.
  func learn(_ object: KubernetesObject) { owned[object.reference.type]?.learn(object) }

  /// The objects of a watched type.
  func all(_ type: ObjectType) -> [KubernetesObject] { owned[type]?.all ?? [] }

  /// Follows everything until the task is cancelled.
  func run(
    _ client: KubernetesClient, log: Log, changed: @escaping @Sendable (ObjectCache.Change) -> Void
  ) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for informer in informers { group.addTask { try await informer.run(client, log: log, changed: changed) } }
      try await group.waitForAll()
    }
  }

  /// Waits until everything has been listed once.
  func waitUntilSynced() async throws {
    for informer in informers { try await informer.waitUntilSynced() }
  }
}
