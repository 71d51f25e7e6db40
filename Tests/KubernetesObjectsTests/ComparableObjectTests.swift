import Testing

@testable import KubernetesObjects

/// What is compared and shown of objects.
@Suite struct ComparableObjectTests {
  @Test func `what the server keeps for itself does not count`() throws {
    let live = try KubernetesObject(
      yaml:
        """
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: m, uid: u, resourceVersion: '9', generation: 2, creationTimestamp: now, managedFields: []}
        data: {key: value}
        status: {phase: fine}
        """)
    let planned = try KubernetesObject(
      yaml: "{apiVersion: v1, kind: ConfigMap, metadata: {name: m}, data: {key: value}}")
    #expect(ComparableObject.tree(live) == ComparableObject.tree(planned))
  }

  @Test func `values of a secret are masked, and marked where they differ`() throws {
    let live = try KubernetesObject(
      yaml: "{apiVersion: v1, kind: Secret, metadata: {name: s}, data: {same: YQ==, other: Yg==}}")
    let planned = try KubernetesObject(
      yaml: "{apiVersion: v1, kind: Secret, metadata: {name: s}, data: {same: YQ==, other: Yw==}}")

    let shown = ComparableObject.shown(live, as: "live", besides: planned)

    #expect(shown["data", "same"] == "***")
    #expect(shown["data", "other"] == "*** (live)")
    #expect(!shown.yaml.contains("YQ==") && !shown.yaml.contains("Yg=="))
  }

  @Test func `text of a secret is masked too, and a new secret is not marked`() throws {
    let planned = try KubernetesObject(
      yaml: "{apiVersion: v1, kind: Secret, metadata: {name: s}, stringData: {password: open}}")
    #expect(ComparableObject.shown(planned, as: "planned", besides: nil)["stringData", "password"] == "***")
  }

  @Test func `other kinds are shown as they are`() throws {
    let map = try KubernetesObject(yaml: "{apiVersion: v1, kind: ConfigMap, metadata: {name: m}, data: {key: value}}")
    #expect(ComparableObject.shown(map, as: "live", besides: nil)["data", "key"] == "value")
  }
}
