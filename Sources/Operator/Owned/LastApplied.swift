import KubernetesObjects
import Synchronization

/// Hashes of what was applied and of what the server made of it, so that nothing is applied again unless one changed.
///
/// A new process has none, and applies everything once.
final class LastApplied: Sendable {
  private struct Entry {
    let desired: Int
    let live: Int
  }

  private let entries = Mutex<[String: [ObjectReference: Entry]]>([:])

  /// Whether an object is as it was after it had been applied in the same form.
  func isUpToDate(_ desired: KubernetesObject, live: KubernetesObject, owner uid: String) -> Bool {
    guard let entry = entries.withLock({ $0[uid]?[desired.reference] }) else { return false }
    return entry.desired == desired.tree.hashValue && entry.live == Self.hash(live)
  }

  /// Whether an object was applied in the same form.
  func hasApplied(_ desired: KubernetesObject, owner uid: String) -> Bool {
    entries.withLock { $0[uid]?[desired.reference] }?.desired == desired.tree.hashValue
  }

  /// Whether an object was applied at all.
  func knows(_ reference: ObjectReference, owner uid: String) -> Bool {
    entries.withLock { $0[uid]?[reference] != nil }
  }

  /// Notes that an object was applied and what it is now.
  func note(_ desired: KubernetesObject, live: KubernetesObject, owner uid: String) {
    let entry = Entry(desired: desired.tree.hashValue, live: Self.hash(live))
    entries.withLock { $0[uid, default: [:]][desired.reference] = entry }
  }

  /// Forgets objects that are not watched, so that they are looked for again.
  func forget(where isUnwatched: @Sendable (ObjectType) -> Bool) {
    entries.withLock { entries in
      for uid in entries.keys { entries[uid] = entries[uid]?.filter { !isUnwatched($0.key.type) } }
    }
  }

  func forget(_ reference: ObjectReference, owner uid: String) {
    entries.withLock { $0[uid]?[reference] = nil }
  }

  /// Forgets what belonged to a custom resource.
  func forget(owner uid: String) { entries.withLock { $0[uid] = nil } }

  /// Hash of an object without what the server and the controllers of Kubernetes keep in it.
  static func hash(_ object: KubernetesObject) -> Int {
    var tree = ComparableObject.content(object)
    tree["metadata", "annotations", "deployment.kubernetes.io/revision"] = nil
    if tree["metadata", "annotations"]?.fields?.isEmpty == true { tree["metadata", "annotations"] = nil }
    return tree.hashValue
  }
}
