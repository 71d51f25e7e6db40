import KubernetesObjects

/// What a run of deletions has taken away so far: it may still be there for a moment, but counts as gone.
struct Doomed: Sendable {
  private var uids: Set<String> = []

  /// Adds objects that are being deleted, or would be in a dry run.
  mutating func insert(_ objects: [KubernetesObject]) { uids.formUnion(objects.compactMap(\.uid)) }

  /// Whether an object is going: by itself, or with one of its owners.
  func contains(_ object: KubernetesObject) -> Bool {
    if object.isBeingDeleted { return true }
    if let uid = object.uid, uids.contains(uid) { return true }
    return object.owners.contains { uids.contains($0.uid) }
  }
}
