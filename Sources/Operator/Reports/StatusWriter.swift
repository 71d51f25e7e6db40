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
