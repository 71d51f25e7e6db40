import KubernetesObjects
import Manifests
import Testing

@testable import Operator

@Suite struct DriverTests {
  private let old = Samples.driver("z-old", created: "2026-01-01T00:00:00Z", clusters: ["one"])
  private let young = Samples.driver("a-young", created: "2026-01-02T00:00:00Z", clusters: ["one", "two"])

  private func share(of driver: KubernetesObject) throws -> [KubernetesObject] {
    let rendering = try Manifests.csiDriver(
      CSIDriverSpec(customResource: driver), namespace: "operator", uid: driver.uid)
    return DriverOrder([young, old]).share(of: driver.name, rendering)
  }

  @Test func `the oldest brings the workloads, the others only classes and rights`() throws {
    #expect(try share(of: old).contains { $0.kind == "DaemonSet" })
    let rest = try share(of: young)
    #expect(Set(rest.map(\.kind)) == ["StorageClass", "Role", "RoleBinding"])
  }

  @Test func `a class that both ask for is the older one's`() throws {
    let classes = { (objects: [KubernetesObject]) in objects.filter { $0.kind == "StorageClass" }.map(\.name) }
    #expect(classes(try share(of: old)) == ["n.one.csi"])
    #expect(classes(try share(of: young)) == ["n.two.csi"])
  }

  @Test func `the controller that runs gets the right to everybody's tokens`() throws {
    let binding = try #require(try share(of: young).first { $0.kind == "RoleBinding" })
    #expect(binding.tree["subjects"]?[0]?["name"] == "z-old-controller")
  }

  @Test func `a driver that is being deleted counts no more`() {
    var going = old
    going.tree["metadata", "deletionTimestamp"] = "2026-01-03T00:00:00Z"
    #expect(DriverOrder([young, going]).primary == "a-young")
  }

  @Test func `a controller of the old template does not make a driver run`() {
    var controller = Samples.stores(1, ready: 1)
    controller.tree["status", "replicas"] = 2
    var nodes = Samples.object("DaemonSet", "nodes")
    nodes.tree["metadata", "generation"] = 1
    nodes.tree["status", "observedGeneration"] = 1
    let status = CSIDriverStatus(
      deployment: controller, daemons: nodes, primary: nil, missing: [], unready: [], taken: [], progress: .done)
    #expect(status.fields["state"] == "pending")
    #expect(
      status.conditions["Ready"]?.message == "controller: 1/1 ready, 1 old to go; node plugins: 0/0 ready")
  }

  @Test func `drivers of one second are ordered by name`() {
    let twin = Samples.driver("b", created: "2026-01-01T00:00:00Z", clusters: ["one"])
    #expect(DriverOrder([old, twin]).primary == "b")
  }
}
