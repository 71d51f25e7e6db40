import KubernetesObjects
import Support
import Testing

@testable import Operator

/// Which pods of an etcd are deleted.
@Suite struct EtcdRepairTests {
  private static let now = "2026-11-23T15:10:00Z"
  private static let longAgo = "2026-11-23T15:00:00Z"

  private func pod(
    _ number: Int, node: String = "a", created: String = longAgo, deleted: String? = nil,
    etcd: String = "{running: {}}",
    restarts: Int = 0, member: String = "{terminated: {exitCode: 0}}"
  ) throws -> KubernetesObject {
    var pod = try KubernetesObject(
      yaml: """
        apiVersion: v1
        kind: Pod
        metadata: {name: c-etcd-\(number), namespace: n, uid: u\(number), creationTimestamp: "\(created)"}
        spec: {nodeName: \(node)}
        status:
          initContainerStatuses: [{name: member, state: \(member)}]
          containerStatuses: [{name: etcd, restartCount: \(restarts), state: \(etcd)}]
        """)
    pod.tree["metadata", "deletionTimestamp"] = deleted.map { .string($0) }
    return pod
  }

  private func deletions(_ pods: [KubernetesObject], hasLeader: Bool) throws -> [EtcdRepair.Deletion] {
    EtcdRepair(
      pods: pods, readyNodes: ["a"], wanted: 3, hasLeader: hasLeader, now: try #require(Timestamp(rfc3339: Self.now))
    ).deletions
  }

  @Test func `given pods that run, then none is deleted`() throws {
    for hasLeader in [true, false] {
      #expect(try deletions([pod(0), pod(1), pod(2)], hasLeader: hasLeader).isEmpty)
    }
  }

  @Test func `given a pod that nobody ends since its node is gone, then it is deleted for good`() throws {
    let lost = try pod(2, node: "gone", deleted: Self.longAgo)
    let found = try deletions([pod(0), pod(1), lost], hasLeader: true)
    #expect(found.map(\.pod.name) == ["c-etcd-2"] && found[0].isForced && found[0].uid == "u2")
    #expect(try deletions([pod(0, node: "gone")], hasLeader: true).isEmpty, "nobody has asked for its end")
    #expect(try deletions([pod(0, deleted: Self.longAgo)], hasLeader: true).isEmpty, "its node ends it")
    #expect(try deletions([pod(0, node: "gone", deleted: Self.now)], hasLeader: true).isEmpty, "it has just begun")
  }

  @Test func `given a member that ends again and again beside a leader, then its pod is deleted`() throws {
    let crashing = "{waiting: {reason: CrashLoopBackOff}}"
    let stuck = try pod(1, etcd: crashing, restarts: 3)
    #expect(try deletions([pod(0), stuck, pod(2)], hasLeader: true).map(\.pod.name) == ["c-etcd-1"])
    #expect(try deletions([pod(0), stuck, pod(2)], hasLeader: false).isEmpty, "its data may be needed")
    #expect(try deletions([pod(1, etcd: crashing, restarts: 2)], hasLeader: true).isEmpty)
    #expect(try deletions([pod(1, created: Self.now, etcd: crashing, restarts: 3)], hasLeader: true).isEmpty)
  }

  @Test func `given most members without data, then the others begin anew with them`() throws {
    let waiting = "{waiting: {reason: PodInitializing}}"
    let empty = try (1...2).map { try pod($0, etcd: waiting, member: "{running: {}}") }
    #expect(try deletions([pod(0)] + empty, hasLeader: false).map(\.pod.name) == ["c-etcd-0"])
    #expect(try deletions([pod(0)] + empty, hasLeader: true).isEmpty)
    #expect(try deletions([pod(0), empty[0]], hasLeader: false).isEmpty, "a majority has its data")
    let young = try pod(2, created: Self.now, etcd: waiting, member: "{running: {}}")
    #expect(try deletions([pod(0), empty[0], young], hasLeader: false).isEmpty)
  }
}
