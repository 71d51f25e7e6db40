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
    let (client, informers) = (context.client, context.informers)
    assumedMemory = AssumedMemory(
      clusters: { informers.resources(of: .vineyardd).all }, deployments: { informers.objects(.deployment) },
      deployment: { informers[$0] }, nodes: { try await client.list(.node).items.map { NodeFacts($0) } })
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
    spec.store.assumedMemory = try await assumedMemory.quantity(for: spec, uid: uid)
    let stores = informers[resource.workload(.deployment)]
    spec.keepMetadata(of: stores)
    spec.keepPeerTLS(of: stores)
    var objects = try Manifests.vineyardd(spec, uid: uid, controlledByOperator: true, platform: context.platform)
    guard spec.usesEtcd else { return objects }
    let members = informers[resource.workload(.statefulSet, "-etcd")]
    let certificates = try await context.etcdCertificates.certificates(for: spec, uid: uid) { trust in
      members.map { $0.trustsEtcdAuthorities(changed: trust) } ?? false
    }
    try certificates.fill(&objects, of: spec)
    return objects
  }

  /// Tells Kubernetes which stores to keep before there are fewer of them, and takes away an etcd of earlier releases:
  /// nobody used it, and its members do not understand those of today.
  func prepare(_ resource: KubernetesObject, for desired: [KubernetesObject]) async throws {
    if let members = informers[resource.workload(.statefulSet, "-etcd")], members.isPlainEtcd, !members.isBeingDeleted {
      context.log.info("\(members.reference) is deleted: it is not encrypted, and nobody uses it")
      try await context.owned.writer.delete(members.reference, uid: members.uid)
    }
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
    for volume in unowned(of: key) where !volume.isBeingDeleted {
      context.log.info("\(volume.reference) is deleted: its cluster \(key) is gone")
      try await context.owned.writer.delete(volume.reference, uid: volume.uid)
    }
  }

  func status(of resource: KubernetesObject, _ progress: Progress) -> any ResourceStatus {
    let deployment = informers[resource.workload(.deployment)]
    let members = informers[resource.workload(.statefulSet, "-etcd")]
    return VineyarddStatus(
      resource: resource, deployment: deployment, members: members, progress: progress,
      refusal: informers.refusal(of: deployment) ?? informers.refusal(of: members),
      etcd: resource.uid.flatMap { context.etcdReports[$0] })
  }
}

extension KubernetesObject {
  /// A workload of a cluster.
  func workload(_ type: ObjectType, _ suffix: String = "") -> ObjectReference {
    ObjectReference(type: type, namespace: namespace, name: "\(name)\(suffix)")
  }

  /// Whether all members of an etcd run with authorities that were changed so many times.
  fileprivate func trustsEtcdAuthorities(changed trust: Int) -> Bool {
    tree["spec", "template", "metadata", "annotations", Manifests.etcdTrustAnnotation]?.string == "\(trust)"
      && Readiness.of(self).isReady
  }
}
