import KubernetesObjects
import Support

/// Decides which pods of an etcd to delete, so that their members begin anew.
///
/// Only of an etcd whose data is in its pods: a pod that comes again without data takes the place of its former self
/// (`vineyardctl etcd-member`). Claims outlive pods, and may still be in use on a node that nobody hears of.
struct EtcdRepair: Sendable {
  /// A pod to delete, and why.
  struct Deletion: Sendable, Equatable {
    let pod: ObjectReference
    let uid: String?
    /// Whether nothing is to be waited for: the node is gone, so that nobody would end the pod.
    let isForced: Bool
    let reason: String
  }

  let pods: [KubernetesObject]
  /// Names of nodes that are ready.
  let readyNodes: Set<String>
  let wanted: Int
  let hasLeader: Bool
  let now: Timestamp

  /// Seconds after which a state does not pass by itself.
  static let settling: Int64 = 120

  var deletions: [Deletion] {
    let lost = pods.filter { isLost($0) }.map { deletion($0, isForced: true, "its node is gone") }
    if !lost.isEmpty { return lost }
    if hasLeader {
      return pods.filter { isStuck($0) }.map { deletion($0, isForced: false, "its member cannot start") }
    }
    return withoutMajority
  }

  /// Most have lost their data, so the rest will never agree on a leader: all begin anew, and the stores publish again
  /// what they have.
  private var withoutMajority: [Deletion] {
    let empty = pods.filter { isJoining($0) && age($0) >= Self.settling }
    guard empty.count > wanted / 2 else { return [] }
    let rest = pods.filter { pod in !isJoining(pod) && !pod.isBeingDeleted }
    return rest.map { deletion($0, isForced: false, "most members have lost their data, so that all begin anew") }
  }

  private func deletion(_ pod: KubernetesObject, isForced: Bool, _ reason: String) -> Deletion {
    Deletion(pod: pod.reference, uid: pod.uid, isForced: isForced, reason: reason)
  }

  /// Whether a pod is to go and its node does not end it.
  private func isLost(_ pod: KubernetesObject) -> Bool {
    guard pod.isBeingDeleted, let node = Pod(pod).node, !readyNodes.contains(node) else { return false }
    return age(pod, of: "deletionTimestamp") >= Self.settling / 2
  }

  /// Whether etcd of a pod ends again and again.
  private func isStuck(_ pod: KubernetesObject) -> Bool {
    !pod.isBeingDeleted && age(pod) >= Self.settling
      && Pod(pod).statuses.contains { $0.restarts >= 3 && $0.waiting?.reason == "CrashLoopBackOff" }
  }

  /// Whether a pod has no data and waits for the others to take it in.
  private func isJoining(_ pod: KubernetesObject) -> Bool {
    let states = Pod(pod).initStatuses
    return !pod.isBeingDeleted && !states.isEmpty
      && states.contains { $0.isRunning || $0.waiting?.reason == "CrashLoopBackOff" }
  }

  private func age(_ pod: KubernetesObject, of field: String = "creationTimestamp") -> Int64 {
    guard let time = pod.tree["metadata", field]?.string.flatMap({ Timestamp(rfc3339: $0) }) else { return 0 }
    return now.seconds - time.seconds
  }
}
