import KubernetesClient
import KubernetesObjects
import Manifests
import Support

/// Removes single objects, each by the rules of its kind.
struct ObjectRemover: Sendable {
  let client: KubernetesClient
  let options: Remover.Options
  /// Objects that were removed before.
  let pending: PendingDeletions

  /// The outcome of deleting an object.
  enum Outcome: Sendable {
    case absent
    /// An object that stays, with the reason.
    case kept(ObjectReference, because: String)
    /// An object that was there, and is going now with its dependents.
    case deleted(KubernetesObject, with: [KubernetesObject])

    var deleted: (object: KubernetesObject, dependents: [KubernetesObject])? {
      if case .deleted(let object, let dependents) = self { (object, dependents) } else { nil }
    }
  }

  /// Deletes an object if it is there and ours to delete.
  func delete(_ reference: ObjectReference) async throws -> Outcome {
    guard let live = try await client.existing(reference) else { return .absent }
    if let reason = try await reasonToKeep(live) { return .kept(reference, because: reason) }
    // Some servers refuse to delete a namespace twice.
    if live.isBeingDeleted && live.reference.type == .namespace { return .deleted(live, with: []) }
    if options.isDryRun && !options.asksServer { return .deleted(live, with: []) }
    // What depends on it goes first, so that its end means the end of all. The rest needs no garbage collector, which
    // takes objects one by one.
    var propagation = Self.hasDependents(live.reference.type) ? Propagation.foreground : .background
    var dependents: [KubernetesObject] = []
    if live.reference.type.group == "k8s.v6d.io", try await DeadWebhooks(client: client).concern(live.reference.type) {
      propagation = .background
      dependents = try await Dependents(client: client).of(live)
    }
    let isThere = try await delete(live, propagation)
    return isThere ? .deleted(live, with: dependents) : .absent
  }

  /// Deletes what has been looked at: that nothing uses it, or that it goes all the same, is settled by now, so the
  /// webhook that asks the same need not.
  private func delete(_ live: KubernetesObject, _ propagation: Propagation) async throws -> Bool {
    let reference = live.reference
    do {
      return try await client.delete(
        reference, propagation: propagation, uid: live.uid, dryRun: options.isDryRun)
    } catch let error as KubernetesError where error.message.contains(Manifests.deletionAnnotation) {
      guard !options.isDryRun else { return true }
      let annotation: Value = ["metadata": ["annotations": [Manifests.deletionAnnotation: "true"]]]
      _ = try await client.patch(reference, .merge(annotation))
      return try await client.delete(reference, propagation: propagation, uid: live.uid)
    }
  }

  private static func hasDependents(_ type: ObjectType) -> Bool {
    type.group == "apps" || type.group == "k8s.v6d.io"
  }

  private func reasonToKeep(_ object: KubernetesObject) async throws -> String? {
    switch object.reference.type {
    case .namespace: return try await namespaceReason(object)
    case .customResourceDefinition:
      guard Ownership.isOurs(object) else { return Self.notOurs }
      return try await resourcesReason(object)
    default: return Ownership.isOurs(object) ? nil : Self.notOurs
    }
  }

  private static let notOurs = "it was not made by vineyardctl"

  /// A definition takes its resources with it, in every namespace.
  private func resourcesReason(_ definition: KubernetesObject) async throws -> String? {
    guard let type = definition.definedType else { return nil }
    let resources: [KubernetesObject]
    do {
      resources = try await client.list(type).items
    } catch let error as KubernetesError where error.isNotFound {
      return nil
    }
    let others = resources.filter { !pending.contains($0) }
    guard !others.isEmpty else { return nil }
    return "there are still resources of this kind: \(others.map { $0.reference.description }.shortList)"
  }

  private func namespaceReason(_ namespace: KubernetesObject) async throws -> String? {
    if options.deletesNamespace || namespace.isBeingDeleted { return nil }
    let hint = "(--delete-namespace deletes it with all it holds)"
    guard Ownership.isCreatedByUs(namespace) else { return "it was not created by vineyardctl \(hint)" }
    let others: [String]
    do {
      others = try await NamespaceContent(client: client, pending: pending).remaining(in: namespace.name)
    } catch let error as KubernetesError where error.isForbidden {
      return "nobody knows what it holds: \(error.asProgramError.message): \(error.message) \(hint)"
    }
    return others.isEmpty ? nil : "it still holds \(others.shortList) \(hint)"
  }
}
