import ClusterInventory
import KubernetesClient
import KubernetesObjects
import Logging
import Manifests
import Support

extension VineyarddSpec: ReconciledSpec {
  static func reconciler(_ context: ReconcileContext) -> any Reconciler { VineyarddReconciler(context: context) }
}

extension VineyarddSpec: DeletionGuardedSpec {
  /// The claims, pods and volumes in the stores of a cluster.
  static func use(of cluster: KubernetesObject, _ client: KubernetesClient) async throws -> String? {
    let name = "\(cluster.namespace ?? "")/\(cluster.name)"
    let classes = try await StorageClasses(client: client).of(clusters: [name])
    return try await VolumeUses(client: client, scope: .clusters([name], classes: classes)).find().uses.phrase
  }
}

/// The objects and the status of clusters.
struct VineyarddReconciler: Reconciler {
  let kind = ResourceKind.vineyardd
  let context: ReconcileContext
  private let assumedMemory: AssumedMemory

  init(context: ReconcileContext) {
    self.context = context
    let client = context.client
    assumedMemory = AssumedMemory(informers: context.informers) {
      try await client.list(.node).items.map { NodeFacts($0) }
    }
  }

  private var informers: Informers { context.informers }

  func owner(of object: KubernetesObject) -> ObjectKey? { Self.cluster(of: object) }

  /// The cluster that an object belongs to, also a volume to spill to, which has no owner, and an event about its etcd.
  static func cluster(of object: KubernetesObject) -> ObjectKey? {
    switch object.reference.type {
    case .vineyardd: return ObjectKey(object)
    case .persistentVolume:
      // A namespace has no dot, so the first one ends it.
      guard let label = object.labels[Manifests.clusterLabel], let dot = label.firstIndex(of: ".") else { return nil }
      return ObjectKey(namespace: String(label[..<dot]), name: String(label[label.index(after: dot)...]))
    case .event:
      guard let members = Event(object).workload("StatefulSet", suffix: "-etcd") else { return nil }
      return ObjectKey(namespace: members.namespace, name: String(members.name.dropLast("-etcd".count)))
    default: return owner(of: object, kind: .vineyardd)
    }
  }

  func desired(_ resource: KubernetesObject, uid: String) async throws -> [KubernetesObject] {
    var spec = try VineyarddSpec(customResource: resource)
    spec.store.assumedMemory = try await assumedMemory.quantity(for: spec)
    return try Manifests.vineyardd(spec, uid: uid, controlledByOperator: true, platform: context.platform)
  }

  /// Tells Kubernetes which stores to keep before there are fewer of them.
  func prepare(_ resource: KubernetesObject, for desired: [KubernetesObject]) async throws {
    guard let planned = desired.first(where: { $0.reference.type == .deployment }),
      let present = informers[planned.reference]?.replicas, let namespace = resource.namespace,
      let wanted = planned.replicas, 0 < wanted, wanted < present
    else { return }
    let contents = StoreContents(client: context.client, log: context.log, isInside: true)
    let costs = try await contents.costs(namespace: namespace, name: resource.name)
    let writer = context.owned.writer
    try await DeletionCosts(log: context.log) { _ = try await writer.patch($0, $1) }.set(costs)
  }

  /// Volumes to spill to: they are in no namespace and therefore have no owner.
  func unowned(of key: ObjectKey) -> [KubernetesObject] {
    let label = "\(key.namespace).\(key.name)"
    return informers.objects(.persistentVolume).filter { $0.labels[Manifests.clusterLabel] == label }
  }

  func cleanUp(after key: ObjectKey) async throws {
    assumedMemory.forget(ObjectReference(type: .deployment, namespace: key.namespace, name: key.name))
    for volume in unowned(of: key) where !volume.isBeingDeleted {
      context.log.info("\(volume.reference) is deleted: its cluster \(key) is gone")
      try await context.owned.writer.delete(volume.reference, uid: volume.uid)
    }
  }

  func status(of resource: KubernetesObject, _ progress: Progress) -> any ResourceStatus {
    let reference = { (type: ObjectType, suffix: String) in
      ObjectReference(type: type, namespace: resource.namespace, name: "\(resource.name)\(suffix)")
    }
    let deployment = informers[reference(.deployment, "")]
    let members = informers[reference(.statefulSet, "-etcd")]
    return VineyarddStatus(
      resource: resource, deployment: deployment, members: members, progress: progress,
      refusal: informers.refusal(of: deployment) ?? informers.refusal(of: members))
  }
}
