import KubernetesObjects
import Support

extension OwnedObjects.Report {
  /// Tells what was done, in one event per kind of change.
  func tell(_ recorder: EventRecorder, _ log: Log, about resource: KubernetesObject) async {
    for (reason, verb, objects) in [
      ("Created", "created", created), ("Adopted", "took over", adopted), ("Updated", "updated", updated),
      ("Deleted", "deleted", deleted),
    ] where !objects.isEmpty {
      let names = objects.map { "\($0.type.kind) \($0.name)" }.joined(separator: ", ")
      log.info("\(resource.reference): \(verb) \(names)")
      await recorder.tell(.normal, reason, "\(verb) \(names)", about: resource)
    }
    for failure in failures {
      log.warning("\(resource.reference): \(failure.object) cannot be written: \(failure.error)")
    }
  }
}
