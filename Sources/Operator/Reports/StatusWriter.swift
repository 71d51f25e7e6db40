import KubernetesClient
import KubernetesObjects
import Support

/// Writes the status of custom resources, when it says something new.
struct StatusWriter: Sendable {
  let writer: Writer
  let now: @Sendable () -> Timestamp

  /// - Parameters:
  ///   - fields: of the status, besides conditions and `observedGeneration`.
  /// - Returns: the resource as it is now, nil when nothing was to be written, or there is no resource any more.
  func write(
    _ fields: Value, _ conditions: [Condition], for resource: KubernetesObject
  ) async throws -> KubernetesObject? {
    let generation = resource.generation ?? 0
    var status = fields
    status["observedGeneration"] = Value(generation)
    status["conditions"] = conditions.tree(after: resource, generation: generation, now: now())
    let old = resource.tree["status"]
    guard (status.fields ?? [:]).contains(where: { old?[$0.key] != $0.value }) else { return nil }
    do {
      return try await writer.patch(resource.reference, .merge(["status": status]), subresource: "status")
    } catch let error as KubernetesError where error.isNotFound {
      return nil
    }
  }
}

/// A change of conditions, and the events about it.
struct Transitions: Sendable {
  let before: [Condition]
  let after: [Condition]

  /// An event for each condition of ours that turned, and for a refusal that has another reason now.
  var events: [(type: EventRecorder.EventType, reason: String, message: String)] {
    var events: [(type: EventRecorder.EventType, reason: String, message: String)] = []
    let old = before["Ready"]?.status
    let new = after["Ready"]
    if let new, new.status == .yes, old != .yes { events.append((.normal, "Ready", new.message)) }
    if let new, new.status == .no, new.reason != "PodsRefused" {
      if old == .yes {
        events.append(isRollout(after) ? (.normal, "RollingOut", new.message) : (.warning, "NotReady", new.message))
      } else if isRollout(before), after["Progressing"]?.status == .no {
        events.append((.warning, "NotReady", new.message))
      }
    }
    if let new, new.reason == "PodsRefused", before["Ready"]?.message != new.message {
      events.append((.warning, new.reason, new.message))
    }
    if let applied = after["Applied"], applied.status == .no, applied.reason != "Waiting" {
      let last = before["Applied"]
      if last?.status != .no || last?.message != applied.message {
        events.append((.warning, applied.reason, applied.message))
      }
    }
    return events
  }

  /// Whether pods are being replaced as they should be, so that some are not ready for a moment.
  ///
  /// Source: the reasons of `Progressing` of a Deployment; a rollout that is over stays `NewReplicaSetAvailable`.
  private func isRollout(_ conditions: [Condition]) -> Bool {
    if conditions["Ready"]?.reason == "RollingOut" { return true }
    guard let progress = conditions["Progressing"] else { return false }
    return progress.status == .yes && progress.reason != "NewReplicaSetAvailable"
  }

  func record(to recorder: EventRecorder, about resource: KubernetesObject) async {
    for event in events { await recorder.record(event.type, event.reason, event.message, about: resource) }
  }
}
