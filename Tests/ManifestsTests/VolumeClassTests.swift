import KubernetesObjects
import Testing

@testable import Manifests

/// What a driver offers to those who claim volumes.
@Suite struct VolumeClassTests {
  private func objects(_ change: (inout CSIDriverSpec) -> Void) throws -> [KubernetesObject] {
    var spec = Samples.driver()
    change(&spec)
    return try Manifests.csiDriver(spec, namespace: "vineyard-system")
  }

  private func containers(_ objects: [KubernetesObject], of kind: String) -> [Value] {
    objects.first { $0.kind == kind }?.podSpec["containers"]?.array ?? []
  }

  private func arguments(_ name: String, _ objects: [KubernetesObject]) throws -> [String] {
    let container = try #require(containers(objects, of: "Deployment").first { $0["name"]?.string == name })
    return (container["args"]?.array ?? []).compactMap(\.string)
  }

  @Test func `what nobody chose is left to the driver`() throws {
    let classes = try objects { _ in }.filter { $0.kind == "StorageClass" }
    #expect(
      classes.map { $0.tree["parameters"] } == [
        ["k8s.v6d.io/vineyard/namespace": "vineyard-system", "k8s.v6d.io/vineyard/name": "vineyardd-sample"]
      ])
    #expect(classes.first?.tree["allowVolumeExpansion"] == true)
  }

  @Test func `a cluster's choice stands before the driver's`() throws {
    let classes = try objects { spec in
      spec.scope = "cluster"
      spec.quota = "4Gi"
      spec.overwrite = "keep"
      spec.locality = "node"
      spec.clusters.append(CSIDriverSpec.Cluster(namespace: "research", name: "numbers"))
      spec.clusters[1].scope = "volume"
      spec.clusters[1].onDelete = "retain"
      spec.clusters[1].quota = "none"
      spec.clusters[1].deletedMemory = "reuse"
      spec.clusters[1].locality = "cluster"
    }.filter { $0.kind == "StorageClass" }
    #expect(classes.map(\.name) == ["vineyard-system.vineyardd-sample.csi", "research.numbers.csi"])
    let chosen = classes.map { storageClass in
      ["scope", "onDelete", "quota", "overwrite", "deletedMemory", "locality"].map {
        storageClass.tree["parameters", $0]?.string
      }
    }
    #expect(
      chosen == [
        ["cluster", nil, "4Gi", "keep", nil, "node"], ["volume", "retain", "none", "keep", "reuse", "cluster"],
      ])
  }

  @Test(arguments: ["request", "none", "1", "4Gi", "1.5Gi", "500M", "2e9"])
  func `a quota is what a claim requests, none, or a size`(_ quota: String) throws {
    let storageClass = try #require(try objects { spec in spec.quota = quota }.first { $0.kind == "StorageClass" })
    #expect(storageClass.tree["parameters", "quota"]?.string == quota)
  }

  @Test func `a volume is made on the node that was chosen, as long as nodes matter`() throws {
    let usual = try arguments("csi-provisioner", objects { _ in })
    #expect(usual.contains("--strict-topology") && usual.contains("--immediate-topology=false"))
    let without = try arguments("csi-provisioner", objects { $0.sidecar.enableTopology = false })
    #expect(without.filter { $0.contains("capacity") || $0.contains("-topology") }.isEmpty)
  }

  @Test func `without snapshots the pods are those of the tutorial`() throws {
    let objects = try objects { _ in }
    #expect(containers(objects, of: "Deployment").count == 4)
    #expect(containers(objects, of: "DaemonSet").count == 3)
    #expect(!objects.contains { $0.apiVersion.hasPrefix("snapshot.") })
  }

  @Test func `with snapshots there is a snapshotter and a class for each cluster`() throws {
    let objects = try objects { spec in
      spec.sidecar.enableSnapshots = true
      spec.clusters.append(CSIDriverSpec.Cluster(namespace: "research", name: "numbers"))
    }
    #expect(containers(objects, of: "Deployment").count == 5)
    #expect(try arguments("csi-snapshotter", objects).contains("--leader-election"))
    let classes = objects.filter { $0.kind == "VolumeSnapshotClass" }
    #expect(classes.map(\.name) == objects.filter { $0.kind == "StorageClass" }.map(\.name))
    #expect(classes.allSatisfy { $0.tree["driver"] == "csi.vineyard.v6d.io" })
  }
}
