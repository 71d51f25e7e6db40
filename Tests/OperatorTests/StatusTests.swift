import KubernetesObjects
import Support
import Testing

@testable import Operator

@Suite struct StatusTests {
  private func status(
    _ stores: KubernetesObject?, replicas: Int = 3, progress: Progress = .done
  ) -> VineyarddStatus {
    VineyarddStatus(
      resource: Samples.cluster(replicas: replicas), deployment: stores, members: nil, progress: progress)
  }

  @Test(
    arguments: [
      ("nothing yet", nil, "Pending", "StoresNotReady"),
      ("all ready", Samples.stores(3, ready: 3), "Ready", "StoresReady"),
      ("some ready", Samples.stores(3, ready: 1), "Progressing", "StoresNotReady"),
      ("old ones left", Samples.stores(3, ready: 3, updated: 1), "Progressing", "RollingOut"),
      ("not seen yet", Samples.stores(3, ready: 3, generation: 2, observed: 1), "Progressing", "RollingOut"),
      ("other number", Samples.stores(2, ready: 2), "Progressing", "StoresNotReady"),
    ] as [(String, KubernetesObject?, String, String)])
  func `state and reason follow the Deployment`(
    _ name: String, _ stores: KubernetesObject?, _ state: String, _ reason: String
  ) {
    let status = status(stores)
    #expect(status.state == state, "\(name)")
    #expect(status.conditions["Ready"]?.reason == reason, "\(name)")
    #expect((status.conditions["Ready"]?.status == .yes) == (state == "Ready"), "\(name)")
  }

  @Test func `what cannot be applied is degraded, with the reason, and counts go on`() {
    let status = status(Samples.stores(3, ready: 3), progress: .failed("no"))
    #expect(status.state == "Degraded")
    #expect(status.fields["current"] == 3)
    #expect(status.conditions["Applied"] == Condition("Applied", false, "Refused", "no"))
  }

  @Test func `a cluster without stores is ready`() {
    #expect(status(Samples.stores(0, ready: 0), replicas: 0).state == "Ready")
  }

  @Test func `too few members of etcd keep it from being ready`() {
    var members = Samples.object("StatefulSet", "a-etcd")
    members.tree["spec", "replicas"] = 1
    let status = VineyarddStatus(
      resource: Samples.cluster(), deployment: Samples.stores(3, ready: 3), members: members, progress: .done)
    #expect(status.conditions["Ready"]?.reason == "MetadataNotReady")
  }

  @Test func `events tell what turned, and each refusal once`() {
    let ready = [Condition("Ready", true, "R", "3/3"), Condition("Applied", true, "UpToDate")]
    let refused = [Condition("Ready", false, "N", "no"), Condition("Applied", false, "Refused", "no")]
    #expect(Transitions(before: [], after: ready).events.map(\.reason) == ["Ready"])
    #expect(Transitions(before: ready, after: ready).events.isEmpty)
    #expect(Transitions(before: ready, after: refused).events.map(\.reason) == ["NotReady", "Refused"])
    #expect(Transitions(before: refused, after: refused).events.isEmpty)
    #expect(Transitions(before: [], after: [Condition("Ready", false, "N")]).events.isEmpty)
  }
}
