import KubernetesObjects
import Support

/// Keeps the objects of the resources of one kind, and their status, as they should be.
struct ResourceController: Sendable {
  let reconciler: any Reconciler

  private var context: ReconcileContext { reconciler.context }

  /// Works on one resource.
  ///
  /// - Throws: what is worth another try.
  func reconcile(_ key: ObjectKey) async throws {
    let resources = reconciler.resources
    guard let resource = resources[key], let uid = resource.uid else { return try await reconciler.cleanUp(after: key) }
    // What the garbage collector takes away must not be made again.
    guard !resource.isBeingDeleted else { return }
    // The resource may go while it is worked on.
    defer { if resources[key]?.uid != uid { context.owned.lastApplied.forget(owner: uid) } }
    let desired: [KubernetesObject]
    do {
      desired = try await reconciler.desired(resource, uid: uid)
    } catch let error as ProgramError {
      // Another try would say the same; a change of the resource brings the next one.
      return try await report(resource, .invalid(error.description))
    }
    try await reconciler.prepare(resource, for: desired)
    let result = try await context.owned.converge(to: desired, owner: uid, extra: reconciler.unowned(of: key))
    await result.record(to: context.events, context.log, about: resource)
    try await report(resource, progress(of: result))
    if let failure = result.failures.first { throw failure.error }
  }

  private func progress(of report: OwnedObjects.Report) -> Progress {
    if let failure = report.failures.first(where: { !reconciler.isTolerable($0) }) {
      return .failed("\(failure.object): \(failure.error)")
    }
    if let object = report.waiting.first { return .waiting("the old \(object) is still being deleted") }
    return .done
  }

  private func report(_ resource: KubernetesObject, _ progress: Progress) async throws {
    let status = reconciler.status(of: resource, progress)
    let conditions = status.conditions
    guard let written = try await context.status.write(status.fields, conditions, for: resource) else { return }
    reconciler.resources.observeWrite(written)
    await Transitions(before: resource.conditions, after: conditions).record(to: context.events, about: resource)
  }
}
