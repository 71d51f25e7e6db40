import Documents
import KubernetesClient

/// What applying an object would make of it, as the server sees it.
struct Rehearsal: Sendable {
  let client: KubernetesClient
  let forcesConflicts: Bool

  /// - Parameter live: the object as it is, nil when there is none.
  /// - Returns: nil when the server cannot tell yet, because the namespace, the kind or the kind's newest fields are
  ///   made by an earlier step.
  func apply(_ object: KubernetesObject, over live: KubernetesObject?) async throws -> KubernetesObject? {
    // Applying for good hands the fields of the original over first, which a rehearsal cannot.
    let isTakeover = live.map { FieldHandover.patch(for: $0) != nil } ?? false
    do {
      return try await client.apply(object, force: forcesConflicts || isTakeover, dryRun: true)
    } catch let error as KubernetesError where error.isNotFound || Self.isOldSchema(error, object) {
      return nil
    } catch let error as KubernetesError where isTakeover && error.httpStatus == 422 {
      // Fields of both programs side by side may contradict each other, which they will not be.
      return nil
    }
  }

  /// A definition of an older version is replaced before its resources are applied.
  private static func isOldSchema(_ error: KubernetesError, _ object: KubernetesObject) -> Bool {
    object.reference.type.group == ObjectType.vineyardd.group && error.message.contains("field not declared in schema")
  }
}
