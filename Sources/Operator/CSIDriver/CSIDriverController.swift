import KubernetesClient
import KubernetesObjects
import Manifests
import Support

/// Keeps CSI drivers as their custom resources describe them.
struct CSIDriverController: Sendable {
  let informers: Informers
  let owned: OwnedObjects
  let status: StatusWriter
  let events: EventRecorder
  /// The namespace of the workloads.
  let namespace: String
  /// The platform of the cluster.
  let platform: Platform
  let log: Log

  /// Works on one driver.
  ///
  /// - Throws: what is worth another try.
  func reconcile(_ key: ObjectKey) async throws {
    guard let resource = informers.drivers[key], let uid = resource.uid, !resource.isBeingDeleted else { return }
    // The resource may go while it is worked on.
    defer { if informers.drivers[key]?.uid != uid { owned.lastApplied.forget(owner: uid) } }
    let order = DriverOrder(informers.drivers.all)
    let spec: CSIDriverSpec
    var desired: [KubernetesObject]
    do {
      spec = try CSIDriverSpec(customResource: resource)
      desired = try Manifests.csiDriver(spec, namespace: namespace, platform: platform, uid: uid)
    } catch let error as CommandError {
      return try await report(resource, nil, order, .invalid(error.description))
    }
    desired = order.share(of: resource.name, desired)
    let result = try await owned.converge(to: desired, owner: uid)
    await result.tell(events, log, about: resource)
    try await report(resource, spec, order, progress(of: result))
    if let failure = result.failures.first { throw failure.error }
  }

  /// A namespace of a cluster that comes later is no reason not to run; the queue tries again.
  private func progress(of report: OwnedObjects.Report) -> VineyarddStatus.Progress {
    let failure = report.failures.first { object, error in
      object.namespace == nil || object.namespace == namespace || (error as? KubernetesError)?.isNotFound != true
    }
    if let failure {
      return .failed("\(failure.object): \(failure.error)")
    }
    if let object = report.waiting.first { return .waiting("the old \(object) is still being deleted") }
    return .done
  }

  private func report(
    _ resource: KubernetesObject, _ spec: CSIDriverSpec?, _ order: DriverOrder,
    _ progress: VineyarddStatus.Progress
  ) async throws {
    let primary = order.primary ?? resource.name
    let clusters = spec?.clusters ?? []
    let live = { (cluster: CSIDriverSpec.Cluster) in
      informers.vineyardds[ObjectKey(namespace: cluster.namespace, name: cluster.name)]
    }
    let claimed = order.claimed(before: resource.name)
    let deployment = informers[ObjectReference(type: .deployment, namespace: namespace, name: "\(primary)-csi-driver")]
    let daemons = informers[ObjectReference(type: .daemonSet, namespace: namespace, name: "\(primary)-csi-nodes")]
    let state = CSIDriverStatus(
      deployment: deployment, daemons: daemons,
      primary: primary == resource.name ? nil : primary,
      missing: clusters.filter { live($0) == nil },
      unready: clusters.filter { cluster in live(cluster).map { !Self.isReady($0) } ?? false },
      taken: (spec?.storageClassNames ?? []).compactMap { name in claimed[name].map { (name, $0) } },
      progress: progress, refusal: informers.refusal(of: deployment) ?? informers.refusal(of: daemons))
    let conditions = state.conditions
    let before = resource.conditions
    guard let written = try await status.write(state.fields, conditions, for: resource) else { return }
    informers.drivers.observeWrite(written)
    await Transitions(before: before, after: conditions).tell(events, about: resource)
  }

  private static func isReady(_ cluster: KubernetesObject) -> Bool { cluster.condition("Ready")?.status == .yes }
}
