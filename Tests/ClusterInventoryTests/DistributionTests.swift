import KubernetesObjects
import Manifests
import Testing

@testable import ClusterInventory

/// Distributions and images, as nodes report them.
@Suite struct DistributionTests {
  private func node(
    _ name: String = "n", labels: String = "{}", spec: String = "{}", version: String = "v1.31.0", images: String = "[]"
  ) throws -> KubernetesObject {
    try KubernetesObject(
      yaml:
        """
        apiVersion: v1
        kind: Node
        metadata: {name: \(name), labels: \(labels)}
        spec: \(spec)
        status:
          nodeInfo: {kubeletVersion: \(version)}
          images: \(images)
          conditions: [{type: Ready, status: 'True'}]
        """)
  }

  @Test func `the kubelet's directory follows from the distribution`() throws {
    #expect(NodeFacts(try node()).kubeletDirectory == nil)
    #expect(NodeFacts(try node(version: "v1.31.0+k0s")).kubeletDirectory == "/var/lib/k0s/kubelet")
    let microK8s = NodeFacts(try node(labels: "{microk8s.io/cluster: 'true'}"))
    #expect(microK8s.kubeletDirectory == "/var/snap/microk8s/common/var/lib/kubelet")
    #expect(try NodeFacts.kubeletDirectory([microK8s, microK8s]) == microK8s.kubeletDirectory)
    #expect(try NodeFacts.kubeletDirectory([NodeFacts(try node())]) == nil)
    #expect(throws: (any Error).self) { try NodeFacts.kubeletDirectory([microK8s, NodeFacts(try node())]) }
  }

  @Test func `the command that loads an image is that of the distribution`() throws {
    let kind = Distribution(try node(spec: "{providerID: kind://docker/lab/lab-worker}"))
    #expect(kind.loading("a:1") == "'kind load docker-image a:1 --name lab'")
    let k3d = Distribution(try node("k3d-my-lab-agent-0", version: "v1.31.0+k3s1"))
    #expect(k3d.loading("a:1") == "'k3d image import a:1 -c my-lab'")
    let minikube = Distribution(try node(labels: "{minikube.k8s.io/name: minikube}"))
    #expect(minikube.loading("a:1") == "'minikube image load a:1'")
    #expect(Distribution(try node()).loading("a:1").contains("ctr --namespace k8s.io images import"))
  }

  @Test func `an image is known to be missing only where nodes tell of all they have`() throws {
    let image = ImageOptions.vineyardctl
    let pause = "{names: [registry.k8s.io/pause:3.9]}"
    let without = NodeFacts(try node(images: "[\(pause)]"))
    let with = NodeFacts(try node(images: "[\(pause), {names: ['\(image)']}]"))
    let many = NodeFacts(try node(images: "[\(Array(repeating: pause, count: 50).joined(separator: ", "))]"))
    let silent = NodeFacts(try node())
    #expect(NodeFacts.lack(image, [without, without]))
    #expect(!NodeFacts.lack(image, [without, with]))
    #expect(!NodeFacts.lack(image, [without, many]))
    #expect(!NodeFacts.lack(image, [silent]))
    #expect(!NodeFacts.lack(image, []))
  }

  @Test func `Windows and foreign architectures take no pods`() throws {
    let windows = NodeFacts(try node(labels: "{kubernetes.io/os: windows}"))
    #expect(windows.obstacle == "runs Windows")
    var placement = PodPlacement()
    placement.architectures = ["amd64"]
    placement.nodeSelector = ["disk": "nvme"]
    let arm = NodeFacts(try node(labels: "{kubernetes.io/arch: arm64}"))
    #expect(arm.obstacle == nil)
    #expect(arm.obstacle(for: placement) == "is arm64")
    let amd = NodeFacts(try node(labels: "{kubernetes.io/arch: amd64}"))
    #expect(amd.obstacle(for: placement) == "not labelled disk=nvme")
    #expect(NodeFacts.warnings([arm, amd]).first?.contains("amd64, arm64") == true)
    #expect(NodeFacts.warnings([amd, windows]).isEmpty)
  }

  @Test func `a node that is down is named with the time and the reason`() throws {
    let down = try KubernetesObject(
      yaml:
        """
        apiVersion: v1
        kind: Node
        metadata: {name: n2}
        status: {conditions: [{type: Ready, status: Unknown, lastTransitionTime: '2026-01-02T03:04:05Z', message: Kubelet stopped posting node status.}]}
        """)
    #expect(
      NodeFacts(down).outage
        == "node n2 is NotReady since 2026-01-02T03:04:05Z: Kubelet stopped posting node status.")
  }
}
