import EtcdClient
import KubernetesObjects
import Testing

@testable import Operator

/// What is done to an etcd, by what its members say.
@Suite struct EtcdDiagnosisTests {
  private static let large = EtcdDiagnosis.smallSize

  private func member(_ id: UInt64, leader: UInt64 = 1, size: Int64 = 0, inUse: Int64 = 0) -> EtcdMemberStatus {
    EtcdMemberStatus(id: id, size: size, sizeInUse: inUse, leader: leader)
  }

  @Test func `given members that agree, then there is a leader and nothing to do`() {
    let diagnosis = EtcdDiagnosis(members: [member(1), member(2), nil])
    #expect(diagnosis.hasLeader && diagnosis.treatment == nil)
  }

  @Test(arguments: [[1, 0, 0], [0, 0, 0], [1, 2, 3]] as [[UInt64]])
  func `given no majority for a leader, then nothing is touched`(_ leaders: [UInt64]) {
    let members = leaders.enumerated().map { member(UInt64($0.offset + 1), leader: $0.element, size: Self.large) }
    let diagnosis = EtcdDiagnosis(members: members, alarms: [EtcdAlarm(member: 1, kind: .noSpace)])
    #expect(!diagnosis.hasLeader && diagnosis.treatment == nil)
  }

  @Test func `given a full database, then room is made, also while a member is away`() {
    let diagnosis = EtcdDiagnosis(members: [member(1), member(2), nil], alarms: [EtcdAlarm(member: 2, kind: .noSpace)])
    #expect(diagnosis.treatment == .makeRoom)
    var report = EtcdReport(wanted: 3)
    diagnosis.fill(&report)
    #expect(report.condition.reason == "Full" && report.condition.status == .no)
  }

  @Test func `given free pages on all members, then followers give them back first and the leader last`() {
    var members: [EtcdMemberStatus?] = [1, 2, 3].map { member($0, size: Self.large, inUse: Self.large / 2 - 1) }
    #expect(EtcdDiagnosis(members: members).treatment == .defragment(1))
    members[1] = member(2)
    members[2] = member(3)
    #expect(EtcdDiagnosis(members: members).treatment == .defragment(0))
    members[0] = member(1, size: Self.large, inUse: Self.large / 2)
    #expect(EtcdDiagnosis(members: members).treatment == nil)
    members = [member(1), member(2, size: Self.large), nil]
    #expect(EtcdDiagnosis(members: members).treatment == nil, "a second one must not fall silent")
  }

  @Test(
    arguments: [
      ([1, 1, 1], "Healthy"), ([1, 1, nil], "MembersMissing"), ([0, 0, 0], "NoLeader"),
      ([nil, nil, nil], "NotReachable"),
    ] as [([UInt64?], String)])
  func `the condition says it`(_ leaders: [UInt64?], _ reason: String) {
    let members = leaders.enumerated().map { pair in pair.element.map { member(UInt64(pair.offset + 1), leader: $0) } }
    var report = EtcdReport(wanted: 3)
    EtcdDiagnosis(members: members).fill(&report)
    #expect(report.condition.reason == reason)
  }
}
