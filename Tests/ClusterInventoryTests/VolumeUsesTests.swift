import KubernetesClient
import KubernetesObjects
import Testing

@testable import ClusterInventory

/// What counts as a use of volumes of ours.
@Suite struct VolumeUsesTests {
  @Test func `the cluster of a volume is in its attributes, or in its handle`() {
    let attributes: Value = ["k8s.v6d.io/vineyard/namespace": "n", "k8s.v6d.io/vineyard/name": "c"]
    #expect(DriverVolume.cluster(attributes: attributes, handle: "x/y/z") == "n/c")
    #expect(DriverVolume.cluster(attributes: nil, handle: "x/y/z") == "x/y")
    #expect(DriverVolume.cluster(attributes: [:], handle: "1b4e28ba-2fa1-11d2-883f-0016d3cca427") == nil)
  }

  @Test func `the nodes of a volume are the values of its topology, whatever the key`() throws {
    let volume = try KubernetesObject(
      yaml:
        """
        spec:
          nodeAffinity:
            required:
              nodeSelectorTerms:
                - matchExpressions: [{key: any.example.com/node, operator: In, values: [n1]}]
        """)
    #expect(DriverVolume.nodes(of: volume) == ["n1"])
  }

  @Test func `uses are told kind by kind`() {
    let uses = [
      VolumeUse(kind: .pod, name: "a/p", cluster: nil), VolumeUse(kind: .claim, name: "a/c", cluster: nil),
      VolumeUse(kind: .claim, name: "a/b", cluster: nil),
      VolumeUse(kind: .releasedVolume, name: "pv", cluster: nil),
    ]
    #expect(
      uses.phrase == "claims a/b, a/c; pod a/p with an inline volume; volume pv waiting for DeleteVolume")
    #expect([VolumeUse]().phrase == nil)
  }
}
