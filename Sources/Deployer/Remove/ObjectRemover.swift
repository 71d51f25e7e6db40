import Documents
import KubernetesClient
import Support

/// Removes single objects, each by the rules of its kind.
struct ObjectRemover: Sendable {
  let remover: Remover

  private var client: KubernetesClient { remover.client }
  private var story: Story { remover.story }

  /// Deletes an object if it is there and ours to delete.
  ///
  /// - Returns: the object as it was, nil when it was not there or is kept.
  func delete(_ reference: ObjectReference) async throws -> KubernetesObject? {
    guard let live = try await existing(reference) else { return nil }
    if let reason = try await reasonToKeep(live) {
      story.tell(.warning, "\(reference) is kept: \(reason)")
      return nil
    }
    // What depends on it goes first, so that its end means the end of all.
    let isThere = try await client.delete(
      reference, propagation: .foreground, uid: live.uid, dryRun: remover.options.isDryRun)
    return isThere ? live : nil
  }

  /// nil also when the server does not know the kind: then there is no object of it.
  private func existing(_ reference: ObjectReference) async throws -> KubernetesObject? {
    do {
      return try await client.get(reference)
    } catch let error as KubernetesError where error.httpStatus == 404 {
      return nil
    }
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
    guard let group = definition.tree["spec", "group"]?.string,
      let kind = definition.tree["spec", "names", "kind"]?.string,
      let version = definition.tree["spec", "versions"]?.array?.first?["name"]?.string
    else { return nil }
    let resources = try await client.list(ObjectType(apiVersion: "\(group)/\(version)", kind: kind)).items
    guard !resources.isEmpty else { return nil }
    return "there are still resources of this kind: \(Self.enumerated(resources.map { $0.reference.description }))"
  }

  private func namespaceReason(_ namespace: KubernetesObject) async throws -> String? {
    if remover.options.deletesNamespace { return nil }
    guard Ownership.isCreatedByUs(namespace) else {
      return "it was not created by vineyardctl (--delete-namespace deletes it with all it holds)"
    }
    let others = try await NamespaceContent(client: client).foreignObjects(in: namespace.name)
    guard !others.isEmpty else { return nil }
    return "it still holds \(Self.enumerated(others)) (--delete-namespace deletes it with all it holds)"
  }

  /// Waits for the end of an object that is being deleted.
  func waitUntilGone(_ object: KubernetesObject, _ board: WaitBoard) async throws {
    let reference = object.reference
    board.update(reference.description, "being deleted")
    let events = client.watch(reference.type, namespace: reference.namespace, fields: "metadata.name=\(reference.name)")
    do {
      for try await event in events {
        guard let latest = event.latest, latest.uid == object.uid else { break }
        board.update(reference.description, Self.obstacle(latest) ?? "being deleted")
      }
    } catch let error as KubernetesError where error.httpStatus == 404 {
      // The definition is gone, and its resources with it.
    }
    try Task.checkCancellation()
    board.update(reference.description, "gone", isDone: true)
  }

  /// The error for objects that outlive the deadline.
  func stillThere(_ objects: [KubernetesObject], _ deadline: Deadline) async -> CommandError {
    for object in objects {
      guard let live = try? await client.get(object.reference), live.uid == object.uid else { continue }
      return CommandError(
        .notReady, "\(object.reference) is still there after \(deadline.text)", cause: Self.obstacle(live),
        hint: "deletion goes on in the cluster; run the same command again to wait for it")
    }
    return CommandError(.notReady, "deletion took longer than \(deadline.text)", hint: "run the same command again")
  }

  /// What holds up the deletion of an object.
  private static func obstacle(_ object: KubernetesObject) -> String? {
    let finalizers = (object.tree["metadata", "finalizers"]?.array ?? []).compactMap(\.string)
    let conditions = object.tree["status", "conditions"]?.array ?? []
    let remaining = conditions.first {
      $0["type"]?.string == "NamespaceContentRemaining" && $0["status"]?.string == "True"
    }
    if let message = remaining?["message"]?.string { return message }
    let others = finalizers.filter { $0 != "foregroundDeletion" }
    if !others.isEmpty { return "held by the finalizers \(others.joined(separator: ", "))" }
    return finalizers.isEmpty ? nil : "waiting for what depends on it"
  }

  /// A few names and how many more there are.
  static func enumerated(_ names: [String]) -> String {
    let shown = names.sorted().prefix(5).joined(separator: ", ")
    return names.count > 5 ? "\(shown) and \(names.count - 5) more" : shown
  }
}
