import KubernetesObjects
import Support
import Synchronization

/// The state of a cluster's etcd, without what changes all the time.
struct EtcdReport: Sendable, Equatable {
  /// Members that should be there.
  var wanted: Int
  /// Members that answer.
  var reachable = 0
  /// Whether they agree on a leader.
  var hasLeader = false
  /// Whether the database of a member is full.
  var isFull = false
  /// Members whose data differs from that of others.
  var isCorrupt = false
  /// The reason why members do not answer; nil when all do.
  var obstacle: String?
  /// Stores that have registered, and those of them that hold a lease.
  var instances: (known: Int, alive: Int)?
  /// The end of the first certificate that expires.
  var expiry: String?

  static func == (left: EtcdReport, right: EtcdReport) -> Bool {
    left.wanted == right.wanted && left.reachable == right.reachable && left.hasLeader == right.hasLeader
      && left.isFull == right.isFull && left.isCorrupt == right.isCorrupt && left.obstacle == right.obstacle
      && left.instances?.known == right.instances?.known && left.instances?.alive == right.instances?.alive
      && left.expiry == right.expiry
  }

  /// The condition `EtcdHealthy`.
  var condition: Condition {
    let count = "\(reachable)/\(wanted) members answer"
    let (status, reason, text): (Condition.Status, String, String) =
      if reachable == 0 {
        (.unknown, "NotReachable", "no member answers the operator")
      } else if isCorrupt {
        (.no, "Corrupt", "members have different data: see etcd's documentation on data corruption")
      } else if isFull {
        (.no, "Full", "the database is full, so nothing is written; the operator makes room")
      } else if !hasLeader {
        (.no, "NoLeader", "\(count), and there is no leader")
      } else if reachable < wanted {
        (.no, "MembersMissing", count)
      } else {
        (.yes, "Healthy", count)
      }
    return Condition("EtcdHealthy", status, reason, [text, obstacle].compactMap { $0 }.joined(separator: ": "))
  }

  /// `status.etcd`.
  var tree: Value {
    var tree: Value = ["members": Value(wanted), "reachable": Value(reachable)]
    if let instances {
      tree["instances"] = Value(instances.known)
      tree["aliveInstances"] = Value(instances.alive)
    }
    tree["certificatesExpire"] = expiry.map { .string($0) }
    return tree
  }
}

/// The last report on each cluster's etcd.
final class EtcdReports: Sendable {
  private let reports = Mutex<[String: EtcdReport]>([:])

  /// By the uid of the cluster's resource; nil before etcd was looked at.
  subscript(uid: String) -> EtcdReport? { reports.withLock { $0[uid] } }

  /// Notes a report.
  ///
  /// - Returns: whether it says something new.
  func note(_ report: EtcdReport, of uid: String) -> Bool {
    reports.withLock { reports in
      defer { reports[uid] = report }
      return reports[uid] != report
    }
  }

  /// Forgets clusters that are gone.
  func keep(only uids: Set<String>) { reports.withLock { $0 = $0.filter { uids.contains($0.key) } } }
}
