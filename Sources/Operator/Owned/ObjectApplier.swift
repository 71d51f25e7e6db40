import KubernetesClient
import KubernetesObjects
import Manifests

/// Applies single objects, by the rules of their kinds.
struct ObjectApplier: Sendable {
  let writer: Writer

  private var client: KubernetesClient { writer.client }

  /// What became of an object.
  struct Outcome: Sendable {
    let object: KubernetesObject
    /// Whether there was none before.
    let isNew: Bool
    /// Whether fields of the original program, or of a person who had deployed by hand, were taken over.
    let isAdopted: Bool
  }

  /// - Parameter isOwned: whether the object is there and belongs to the resource already. One that the informers have
  ///   not seen may still exist, without the labels that they select by.
  func apply(_ object: KubernetesObject, isOwned: Bool) async throws -> Outcome {
    let live = isOwned ? nil : try await client.get(object.reference)
    if object.isMadeOnce { return try await createOnce(object, live) }
    var isAdopted = false
    if let live, let handover = FieldHandover.patch(for: live, to: client.fieldManager) {
      _ = try await writer.patch(object.reference, handover)
      isAdopted = true
    }
    do {
      let applied = try await writer.apply(object)
      return Outcome(object: applied, isNew: !isOwned && live == nil, isAdopted: isAdopted)
    } catch let error as KubernetesError where error.httpStatus == 422 && Self.isReplaceable(object) {
      // Nothing but its name matters to those who use it.
      try await writer.delete(object.reference, uid: nil)
      return Outcome(object: try await writer.apply(object), isNew: false, isAdopted: isAdopted)
    }
  }

  /// A secret keeps the value it got first.
  private func createOnce(_ secret: KubernetesObject, _ live: KubernetesObject?) async throws -> Outcome {
    if let live { return Outcome(object: live, isNew: false, isAdopted: false) }
    do {
      return Outcome(object: try await writer.create(secret), isNew: true, isAdopted: false)
    } catch let error as KubernetesError where error.isAlreadyExists {
      return Outcome(object: secret, isNew: false, isAdopted: false)
    }
  }

  /// Kinds whose fields cannot be changed and that hold nothing.
  private static func isReplaceable(_ object: KubernetesObject) -> Bool {
    [.storageClass, .registeredDriver, .snapshotClass].contains(object.reference.type)
  }
}
