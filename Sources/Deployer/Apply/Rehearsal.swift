import KubernetesClient
import KubernetesObjects
import Manifests
import Support

/// What applying an object would make of it, as the server sees it.
struct Rehearsal: Sendable {
  let client: KubernetesClient
  let forcesConflicts: Bool

  /// - Parameter live: the object as it is, nil when there is none.
  /// - Returns: nil when the server cannot tell yet, because the namespace, the kind or the kind's newest fields are
  ///   made by an earlier step.
  func apply(_ object: KubernetesObject, over live: KubernetesObject?) async throws -> KubernetesObject? {
    if object.isMadeOnce, let live { return live }
    // Applying for good hands the fields of the original over first, which a rehearsal cannot.
    let isTakeover = live.map { FieldHandover.patch(for: $0) != nil } ?? false
    do {
      return try await client.apply(object, force: forcesConflicts || isTakeover, dryRun: true)
    } catch let error as KubernetesError where error.isNotFound {
      return nil
    } catch let error as KubernetesError where error.message.contains("field not declared in schema") {
      guard try await hasOldDefinition(object) else { throw error }
      return nil
    } catch let error as KubernetesError where isTakeover && error.httpStatus == 422 {
      // Fields of both programs side by side may contradict each other, which they will not be.
      return nil
    }
  }

  /// Whether the object's kind is defined by another version, which is replaced before its resources are applied.
  private func hasOldDefinition(_ object: KubernetesObject) async throws -> Bool {
    let type = object.reference.type
    guard type.group == ObjectType.vineyardd.group else { return false }
    let definition = try await client.get(
      ObjectReference(type: .customResourceDefinition, name: "\(type.kind.lowercased())s.\(type.group)"))
    return definition?.labels["app.kubernetes.io/version"] != Version.product
  }
}
