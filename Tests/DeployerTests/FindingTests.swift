import KubernetesObjects
import Testing

@testable import ClusterInventory
@testable import Deployer

/// How findings are printed, and those of definitions.
@Suite struct FindingTests {
  @Test func `findings stand under the heading of their group`() {
    let text = Finding.text([
      Finding("Nodes", .passed, "all well"), Finding("Nodes", .warning, "one is\nfull", hint: "empty\nit"),
      Finding("Storage", .failed, "broken", hint: "mend it"),
    ])
    #expect(
      text == """
        Nodes
          ✔ all well
          ⚠ one is full
            hint: empty it

        Storage
          ✗ broken
            hint: mend it

        """)
    #expect(Finding.text([]) == "")
  }

  @Test func `a hint that findings share stands once`() {
    let role = "ask for a role that allows it"
    let text = Finding.text([
      Finding("Nodes", .failed, "a", hint: role), Finding("Permissions", .failed, "b", hint: "mend it"),
      Finding("Permissions", .failed, "c", hint: role), Finding("Permissions", .failed, "d", hint: role),
      Finding("Permissions", .warning, "e", hint: "mend it"),
    ])
    #expect(
      text == """
        Nodes
          ✗ a
            hint: ask for a role that allows it

        Permissions
          ✗ b
            hint: mend it
          ✗ c
          ✗ d
          ⚠ e

        """)
    let lines = StatusReader.hintingOnce([("a", role), ("b", nil), ("c", role), ("d", "mend it")])
    #expect(lines == ["a", "b", "c (hint: \(role))", "d (hint: mend it)"])
  }

  @Test func `a finding that passed has no hint`() {
    #expect(Finding("Nodes", .passed, "well").value == ["group": "Nodes", "outcome": "passed", "text": "well"])
    #expect(Finding("Nodes", .failed, "ill", hint: "rest").value["hint"] == "rest")
  }

  @Test func `a definition whose names are taken says by whom`() throws {
    let definition = try KubernetesObject(
      yaml:
        """
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: vineyardds.k8s.v6d.io}
        status:
          conditions:
            - {type: NamesAccepted, status: 'False', message: '"Vineyardd" is already in use'}
            - {type: Established, status: 'False', message: not all names are accepted}
        """)
    let finding = DefinitionCheck.finding("vineyardds.k8s.v6d.io", definition, isBeforehand: true)
    #expect(finding.text == "vineyardds.k8s.v6d.io: \"Vineyardd\" is already in use")
    #expect(finding.outcome == .failed)
  }

  @Test(arguments: [
    ("localhost/vineyardctl:1", ["localhost/vineyardctl:1"]),
    ("example.com:5000/v", ["example.com:5000/v:latest"]),
    ("me/v:2", ["me/v:2", "docker.io/me/v:2"]),
    ("v", ["v:latest", "docker.io/library/v:latest"]),
    ("v@sha256:abc", ["v@sha256:abc", "docker.io/library/v@sha256:abc"]),
  ])
  func `an image has several names`(_ image: String, _ names: [String]) {
    #expect(NodeImages.names(of: image) == Set(names))
  }
}
