import KubernetesObjects
import Testing

@testable import Deployer

/// What is wrong with pods, in the words of the kubelet and the scheduler.
@Suite struct PodTroubleTests {
  private func pod(_ status: String) throws -> KubernetesObject {
    try KubernetesObject(yaml: "{apiVersion: v1, kind: Pod, metadata: {name: p}, status: \(status)}")
  }

  @Test(arguments: [
    "{}",
    "{phase: Running, containerStatuses: [{name: c, ready: true, state: {running: {}}}]}",
    "{phase: Pending, containerStatuses: [{name: c, state: {waiting: {reason: ContainerCreating}}}]}",
    "{phase: Pending, initContainerStatuses: [{name: i, state: {terminated: {exitCode: 0}}}]}",
    "{phase: Succeeded, containerStatuses: [{name: c, state: {terminated: {exitCode: 0}}}]}",
    "{conditions: [{type: PodScheduled, status: 'True'}]}",
  ])
  func `a pod that is well or starting has none`(_ status: String) throws {
    #expect(PodTrouble.of(try pod(status)) == nil)
  }

  @Test(arguments: [
    (
      "{conditions: [{type: PodScheduled, status: 'False', message: 0/3 nodes are available}]}",
      "p: not scheduled: 0/3 nodes are available"
    ),
    (
      "{conditions: [{type: PodScheduled, status: 'False', reason: SchedulingGated}]}",
      "p: not scheduled: SchedulingGated"
    ),
    (
      "{containerStatuses: [{name: c, state: {waiting: {reason: ImagePullBackOff, message: no such image}}}]}",
      "p: container c: ImagePullBackOff: no such image"
    ),
    (
      "{containerStatuses: [{name: c, state: {waiting: {reason: CrashLoopBackOff, message: back-off}},"
        + " lastState: {terminated: {exitCode: 137, reason: OOMKilled}}}]}",
      "p: container c: CrashLoopBackOff: back-off, ended with exit code 137 (OOMKilled)"
    ),
    (
      "{containerStatuses: [{name: c, state: {terminated: {exitCode: 2, message: bad flag}}}]}",
      "p: container c: ended with exit code 2 (Error): bad flag"
    ),
    (
      "{initContainerStatuses: [{name: i, state: {waiting: {reason: ErrImagePull}}}]}",
      "p: container i: ErrImagePull"
    ),
    ("{phase: Failed, reason: Evicted, message: low on memory}", "p: failed: Evicted: low on memory"),
    ("{phase: Failed}", "p: failed"),
  ])
  func `the first trouble is told`(_ status: String, _ text: String) throws {
    #expect(PodTrouble.of(try pod(status)) == text)
  }

  @Test func `the container that crashed is the one whose log is shown`() throws {
    let status =
      "{containerStatuses: [{name: a, state: {running: {}}},"
      + " {name: b, state: {waiting: {}}, lastState: {terminated: {exitCode: 1}}}]}"
    #expect(PodTrouble.crashedContainer(try pod(status)) == "b")
    #expect(PodTrouble.crashedContainer(try pod("{containerStatuses: [{name: a, state: {running: {}}}]}")) == nil)
  }

  @Test func `the advice on refused pods is about the cause`() {
    #expect(PodRefusal.advice(#"pods "x" is forbidden: exceeded quota: team"#)?.contains("quota") == true)
    #expect(PodRefusal.advice("something else") == nil)
  }
}
