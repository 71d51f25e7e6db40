import KubernetesObjects
import Testing

@testable import Operator

@Suite struct OwnedPlanTests {
  private func plan(
    _ desired: [String], live: [KubernetesObject], isUpToDate: Set<String> = []
  ) -> OwnedPlan {
    OwnedPlan(
      desired: desired.map { Samples.object("Deployment", $0) }, owned: live,
      live: { reference in live.first { $0.reference == reference } },
      isUpToDate: { object, _ in isUpToDate.contains(object.name) })
  }

  @Test func `what is missing or different is applied, what is no longer wanted is deleted`() {
    let plan = plan(
      ["a", "b", "c"], live: ["b", "c", "d"].map { Samples.object("Deployment", $0) }, isUpToDate: ["c"])
    #expect(plan.apply.map(\.name) == ["a", "b"])
    #expect(plan.delete.map(\.name) == ["d"])
    #expect(plan.waiting.isEmpty)
  }

  @Test func `what is as it should be is left alone`() {
    #expect(plan(["a"], live: [Samples.object("Deployment", "a")], isUpToDate: ["a"]).isEmpty)
  }

  @Test func `what is being deleted is waited for, and not deleted twice`() {
    var going = Samples.object("Deployment", "a")
    var old = Samples.object("Deployment", "z")
    going.tree["metadata", "deletionTimestamp"] = "2026-01-01T00:00:00Z"
    old.tree["metadata", "deletionTimestamp"] = "2026-01-01T00:00:00Z"
    let plan = plan(["a"], live: [going, old])
    #expect(plan.apply.isEmpty && plan.delete.isEmpty)
    #expect(plan.waiting.map(\.name) == ["a"])
  }

  @Test func `an object is remembered until it or what is wanted changes, whatever its status`() {
    let lastApplied = LastApplied()
    let desired = Samples.object()
    var live = Samples.object(version: 7)
    live.tree["spec", "replicas"] = 3
    #expect(!lastApplied.isUpToDate(desired, live: live, owner: "x"))
    lastApplied.note(desired, live: live, owner: "x")
    live.tree["status", "replicas"] = 2
    live.tree["metadata", "resourceVersion"] = "8"
    live.setAnnotation("deployment.kubernetes.io/revision", "2")
    #expect(lastApplied.isUpToDate(desired, live: live, owner: "x"))
    #expect(!lastApplied.isUpToDate(desired, live: live, owner: "y"))
    live.tree["spec", "replicas"] = 4
    #expect(!lastApplied.isUpToDate(desired, live: live, owner: "x"))
    lastApplied.forget(owner: "x")
    #expect(!lastApplied.knows(desired.reference, owner: "x"))
  }
}
