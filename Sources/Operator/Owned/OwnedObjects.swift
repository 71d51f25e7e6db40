import KubernetesClient
import KubernetesObjects
import Logging
import Manifests
import Support

/// Brings the objects of a custom resource to what they should be.
struct OwnedObjects: Sendable {
  let informers: Informers
  let writer: Writer
  let lastApplied: LastApplied
  let log: Logger

  /// Changes that were made.
  struct Report: Sendable {
    var created: [ObjectReference] = []
    var updated: [ObjectReference] = []
    var adopted: [ObjectReference] = []
    var deleted: [ObjectReference] = []
    /// Wanted, but their namesakes are still being deleted.
    var waiting: [ObjectReference] = []
    /// Failures, in the order of the objects.
    var failures: [Failure] = []
  }

  /// An object that could not be written, and why.
  struct Failure: Sendable {
    let object: ObjectReference
    let error: any Error
  }

  /// - Parameters:
  ///   - uid: of the custom resource.
  ///   - extra: objects that belong to the resource without naming it as their owner.
  /// - Throws: `Leadership.Lost`, `CancellationError`; everything else is in the report.
  func converge(
    to desired: [KubernetesObject], owner uid: String, extra: [KubernetesObject] = []
  ) async throws -> Report {
    let unknown = desired.filter { !isTakenForGranted($0, owner: uid) }
    let plan = OwnedPlan(
      desired: unknown, owned: informers.objects(ownedBy: uid) + extra, live: { informers[$0] },
      isUpToDate: { lastApplied.isUpToDate($0, live: $1, owner: uid) })
    var report = Report()
    report.waiting = plan.waiting
    for object in plan.apply { try await apply(object, owner: uid, &report) }
    for object in plan.delete {
      do {
        try await writer.delete(object.reference, uid: object.uid)
        lastApplied.forget(object.reference, owner: uid)
        report.deleted.append(object.reference)
      } catch {
        try rethrow(error)
        report.failures.append(Failure(object: object.reference, error: error))
      }
    }
    return report
  }

  /// Whether an object of a type that is not watched was applied before, and therefore is taken to be there.
  private func isTakenForGranted(_ object: KubernetesObject, owner uid: String) -> Bool {
    guard !informers.watches(object.reference.type) else { return false }
    return object.isMadeOnce
      ? lastApplied.knows(object.reference, owner: uid) : lastApplied.hasApplied(object, owner: uid)
  }

  private func apply(_ object: KubernetesObject, owner uid: String, _ report: inout Report) async throws {
    let reference = object.reference
    let known = informers[reference]
    do {
      // What belongs to nobody may have been applied by a person; what the informers have not seen may still exist,
      // without the labels that they select by.
      let isOwned = known?.customResource?.uid == uid
      let live = isOwned ? known : try await writer.client.get(reference)
      let outcome = try await writer.apply(object, over: live)
      informers.observeWrite(outcome.object)
      switch outcome.change {
      case .created: report.created.append(reference)
      case .adopted: report.adopted.append(reference)
      case .applied, .kept:
        if let known, LastApplied.hash(known) != LastApplied.hash(outcome.object) {
          report.updated.append(reference)
        }
      }
      lastApplied.note(object, live: outcome.object, owner: uid)
    } catch {
      try rethrow(error)
      report.failures.append(Failure(object: reference, error: error))
    }
  }

  /// Rethrows what ends the work instead of being reported.
  private func rethrow(_ error: any Error) throws {
    if error is CancellationError || error is Leadership.Lost { throw error }
  }
}

extension OwnedObjects.Report {
  /// Writes one event per kind of change.
  func record(to recorder: EventRecorder, _ log: Logger, about resource: KubernetesObject) async {
    for (reason, verb, objects) in [
      ("Created", "created", created), ("Adopted", "took over", adopted), ("Updated", "updated", updated),
      ("Deleted", "deleted", deleted),
    ] where !objects.isEmpty {
      let names = objects.map { "\($0.type.kind) \($0.name)" }.joined(separator: ", ")
      log.info("\(resource.reference): \(verb) \(names)")
      await recorder.record(.normal, reason, "\(verb) \(names)", about: resource)
    }
    for failure in failures {
      log.warning("\(resource.reference): \(failure.object) cannot be written: \(failure.error)")
    }
  }
}
