import KubernetesClient
import KubernetesObjects
import Manifests

extension CSIDriverSpec: ReconciledSpec {
  static func reconciler(_ context: ReconcileContext) -> any Reconciler { CSIDriverReconciler(context: context) }
}

/// The objects and the status of CSI drivers.
struct CSIDriverReconciler: Reconciler {
  let kind = ResourceKind.csiDriver
  let context: ReconcileContext

  private var informers: Informers { context.informers }
  private var order: DriverOrder { DriverOrder(resources.all) }

  /// Drivers depend on each other and on the clusters that they serve, so one is looked at with all.
  func keys(concernedBy change: ObjectCache.Change) -> Set<ObjectKey> {
    let isConcerned = [change.old, change.new].contains { object in
      guard let object else { return false }
      switch object.reference.type {
      case .csiDriver, .vineyardd: return true
      case .event: return Event(object).workload("DaemonSet", suffix: "-csi-nodes") != nil
      default: return object.customResource?.kind == kind.type.kind
      }
    }
    return isConcerned ? Set(resources.keys) : []
  }

  func desired(_ resource: KubernetesObject, uid: String) throws -> [KubernetesObject] {
    let all = try kind.render(resource, namespace: context.namespace, uid: uid, platform: context.platform)
    return order.share(of: resource.name, all)
  }

  /// A namespace of a cluster that comes later is no reason not to run; the queue tries again.
  func isTolerable(_ failure: OwnedObjects.Failure) -> Bool {
    guard let namespace = failure.object.namespace, namespace != context.namespace else { return false }
    return (failure.error as? KubernetesError)?.isNotFound == true
  }

  func status(of resource: KubernetesObject, _ progress: Progress) -> any ResourceStatus {
    let spec = progress.isInvalid ? nil : try? CSIDriverSpec(customResource: resource)
    let order = order
    let primary = order.primary ?? resource.name
    let clusters = spec?.clusters ?? []
    let live = { (cluster: CSIDriverSpec.Cluster) in
      informers.resources(of: .vineyardd)[ObjectKey(namespace: cluster.namespace, name: cluster.name)]
    }
    let claimed = order.claimed(before: resource.name)
    let workload = { (type: ObjectType, suffix: String) in
      informers[ObjectReference(type: type, namespace: context.namespace, name: "\(primary)\(suffix)")]
    }
    let deployment = workload(.deployment, "-csi-driver")
    let daemons = workload(.daemonSet, "-csi-nodes")
    return CSIDriverStatus(
      deployment: deployment, daemons: daemons,
      primary: primary == resource.name ? nil : primary,
      missing: clusters.filter { live($0) == nil },
      unready: clusters.filter { cluster in live(cluster).map { !Self.isReady($0) } ?? false },
      taken: (spec?.storageClassNames ?? []).compactMap { name in claimed[name].map { (name, $0) } },
      progress: progress, refusal: informers.refusal(of: deployment) ?? informers.refusal(of: daemons))
  }

  private static func isReady(_ cluster: KubernetesObject) -> Bool { cluster.condition("Ready")?.status == .yes }
}
