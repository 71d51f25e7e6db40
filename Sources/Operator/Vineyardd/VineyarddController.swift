import ClusterInventory
import KubernetesClient
import KubernetesObjects
import Manifests
import Support

/// Keeps clusters as their custom resources describe them.
struct VineyarddController: Sendable {
  let informers: Informers
  let owned: OwnedObjects
  let status: StatusWriter
  let events: EventRecorder
  let defaultMemory: DefaultMemory
  /// Reads the contents of the stores.
  let contents: StoreContents
  /// The platform of the cluster.
  let platform: Platform
  let log: Log

  /// Works on one cluster.
  ///
  /// - Throws: what is worth another try.
  func reconcile(_ key: ObjectKey) async throws {
    guard let resource = informers.vineyardds[key], let uid = resource.uid else { return try await cleanUp(after: key) }
    // What the garbage collector takes away must not be made again.
    guard !resource.isBeingDeleted else { return }
    // The resource may go while it is worked on.
    defer { if informers.vineyardds[key]?.uid != uid { owned.lastApplied.forget(owner: uid) } }
    let desired: [KubernetesObject]
    do {
      var spec = try VineyarddSpec(customResource: resource)
      spec.store.assumedMemory = try await defaultMemory.quantity(for: spec)
      desired = try Manifests.vineyardd(spec, uid: uid, controlledByOperator: true, platform: platform)
    } catch let error as CommandError {
      // Another try would say the same; a change of the resource brings the next one.
      return try await report(resource, .invalid(error.description))
    }
    try await keepFullStores(resource, desired)
    let result = try await owned.converge(to: desired, owner: uid, extra: spillVolumes(of: key))
    await tell(result, about: resource)
    try await report(resource, progress(of: result))
    if let failure = result.failures.first { throw failure.error }
  }

  /// Tells Kubernetes which stores to keep before there are fewer of them.
  private func keepFullStores(_ resource: KubernetesObject, _ desired: [KubernetesObject]) async throws {
    guard let planned = desired.first(where: { $0.reference.type == .deployment }),
      let present = informers[planned.reference]?.replicas, let namespace = resource.namespace,
      let wanted = planned.replicas, 0 < wanted, wanted < present
    else { return }
    let costs = try await contents.costs(namespace: namespace, name: resource.name)
    let writer = owned.writer
    try await DeletionCosts(log: log) { _ = try await writer.patch($0, $1) }.set(costs)
  }

  /// Takes away what belongs to no namespace and therefore has no owner.
  private func cleanUp(after key: ObjectKey) async throws {
    for volume in spillVolumes(of: key) where !volume.isBeingDeleted {
      log.info("\(volume.reference) is deleted: its cluster \(key) is gone")
      try await owned.writer.delete(volume.reference, uid: volume.uid)
    }
  }

  private func spillVolumes(of key: ObjectKey) -> [KubernetesObject] {
    let label = "\(key.namespace).\(key.name)"
    return informers.objects(.persistentVolume).filter { $0.labels[Manifests.clusterLabel] == label }
  }

  private func progress(of report: OwnedObjects.Report) -> VineyarddStatus.Progress {
    if let failure = report.failures.first {
      return .failed("\(failure.object): \(failure.error)")
    }
    if let object = report.waiting.first { return .waiting("the old \(object) is still being deleted") }
    return .done
  }

  private func report(_ resource: KubernetesObject, _ progress: VineyarddStatus.Progress) async throws {
    let reference = { (type: ObjectType, suffix: String) in
      ObjectReference(type: type, namespace: resource.namespace, name: "\(resource.name)\(suffix)")
    }
    let deployment = informers[reference(.deployment, "")]
    let members = informers[reference(.statefulSet, "-etcd")]
    let state = VineyarddStatus(
      resource: resource, deployment: deployment, members: members, progress: progress,
      refusal: informers.refusal(of: deployment) ?? informers.refusal(of: members))
    let conditions = state.conditions
    let before = resource.conditions
    guard let written = try await status.write(state.fields, conditions, for: resource) else { return }
    informers.vineyardds.observeWrite(written)
    await Transitions(before: before, after: conditions).tell(events, about: resource)
  }

  private func tell(_ report: OwnedObjects.Report, about resource: KubernetesObject) async {
    await report.tell(events, log, about: resource)
  }
}
