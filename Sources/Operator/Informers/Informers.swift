import KubernetesClient
import KubernetesObjects
import Logging
import Manifests
import Support

/// The informers of every type that the controllers look at.
struct Informers: Sendable {
  private let resources: [ObjectType: Informer]
  private let owned: [ObjectType: Informer]
  /// Events that tell why pods are refused, of workloads whose status does not; most clusters have none.
  private let refusals = ["DaemonSet", "StatefulSet"].map {
    Informer(.event, fields: "reason=\(PodRefusal.eventReason),involvedObject.kind=\($0)")
  }

  /// - Parameter optional: types of the kinds that not every server has, and this one has.
  init(optional: [ObjectType] = []) {
    let kinds = ResourceKind.all
    resources = Dictionary(uniqueKeysWithValues: kinds.map { ($0.type, Informer($0.type)) })
    let types = Set(kinds.flatMap(\.ownedTypes) + optional)
    owned = Dictionary(uniqueKeysWithValues: types.map { ($0, Informer($0, labels: Self.labels)) })
  }

  /// Selector of what this program makes; the rest of the cluster is not watched.
  private static let labels = "app.kubernetes.io/managed-by=vineyardctl,app.kubernetes.io/part-of=vineyard"

  private var all: [Informer] { Array(resources.values) + refusals + owned.values }

  /// The resources of a kind.
  func resources(of kind: ResourceKind) -> Informer { resources[kind.type] ?? Informer(kind.type) }

  /// Whether objects of a type are followed.
  func watches(_ type: ObjectType) -> Bool { owned[type] != nil }

  /// The last known state of an object; nil also for kinds that are not watched.
  subscript(reference: ObjectReference) -> KubernetesObject? { owned[reference.type]?[ObjectKey(reference)] }

  /// The reason why pods of a workload are refused; nil when it has them or none is known.
  func refusal(of workload: KubernetesObject?) -> String? {
    guard let workload else { return nil }
    return PodRefusal.of(
      workload,
      events: refusals.flatMap(\.all).filter { Event($0).subjectUID == workload.uid })
  }

  /// The objects that a custom resource controls.
  func objects(ownedBy uid: String) -> [KubernetesObject] { owned.values.flatMap { $0.objects(ownedBy: uid) } }

  /// Takes over an object that a write has returned.
  func observeWrite(_ object: KubernetesObject) { owned[object.reference.type]?.observeWrite(object) }

  /// The objects of a watched type.
  func objects(_ type: ObjectType) -> [KubernetesObject] { owned[type]?.all ?? [] }

  /// Follows everything until the task is cancelled.
  func run(
    _ client: KubernetesClient, log: Logger, changed: @escaping @Sendable (ObjectCache.Change) -> Void
  ) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for informer in all { group.addTask { try await informer.run(client, log: log, changed: changed) } }
      try await group.waitForAll()
    }
  }

  /// Waits until everything has been listed once.
  func waitUntilSynced() async throws {
    for informer in all { try await informer.waitUntilSynced() }
  }
}
