import EtcdClient
import KubernetesObjects

/// The state of an etcd, and the treatment that it needs.
struct EtcdDiagnosis: Sendable {
  /// The state of each member in the order of their pods; nil for one that does not answer.
  var members: [EtcdMemberStatus?]
  var alarms: [EtcdAlarm] = []

  /// Something that is done to an etcd.
  enum Treatment: Sendable, Equatable {
    /// The database is full: forget history, give pages back, take the alarm back.
    case makeRoom
    /// Give the free pages of a member back, by its place among the pods.
    case defragment(Int)
  }

  /// Bytes below which free pages do not matter.
  static let smallSize: Int64 = 128 << 20

  private var answers: [EtcdMemberStatus] { members.compactMap { $0 } }

  /// Whether a majority agrees on a leader.
  var hasLeader: Bool {
    let followers = Dictionary(grouping: answers.filter { $0.leader != 0 }, by: \.leader)
    return followers.values.contains { $0.count > members.count / 2 }
  }

  /// The treatment that is due; one member is defragmented at a time, since it answers nobody meanwhile, and the leader
  /// last.
  var treatment: Treatment? {
    guard hasLeader else { return nil }
    if alarms.contains(where: { $0.kind == .noSpace }) { return .makeRoom }
    guard answers.count == members.count else { return nil }
    let fragmented = members.indices.filter { index in
      guard let member = members[index] else { return false }
      return member.size >= Self.smallSize && member.sizeInUse < member.size / 2
    }
    let isLeader = { (index: Int) in members[index].map { $0.id == $0.leader } ?? false }
    return (fragmented.first { !isLeader($0) } ?? fragmented.first).map { .defragment($0) }
  }

  /// Adds what the status says of it.
  func fill(_ report: inout EtcdReport) {
    report.reachable = answers.count
    report.hasLeader = hasLeader
    report.isFull = alarms.contains { $0.kind == .noSpace }
    report.isCorrupt = alarms.contains { $0.kind == .corrupt }
  }
}
