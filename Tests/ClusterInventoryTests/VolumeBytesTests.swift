import KubernetesObjects
import Testing

@testable import ClusterInventory

@Suite("Bytes of volumes on nodes")
struct VolumeBytesTests {
  @Test("a store's metrics page tells the bytes of each volume that are in it")
  func page() {
    let page = """
      # TYPE vineyard_volume_local_bytes gauge
      vineyard_volume_local_bytes{volume="pvc-1"} 1048576
      vineyard_volume_local_bytes{volume="a.b_c"} 0
      vineyard_volume_local_bytes{volume="cut
      vineyard_volume_used_bytes{volume="pvc-1"} 5
      """
    #expect(VolumeBytesReader.volumes(page) == ["pvc-1": 1_048_576, "a.b_c": 0])
  }

  private func volume(_ key: String, _ value: String) -> KubernetesObject {
    KubernetesObject([
      "spec": [
        "nodeAffinity": [
          "required": [
            "nodeSelectorTerms": [
              ["matchExpressions": [["key": .string(key), "operator": "In", "values": [.string(value)]]]]
            ]
          ]
        ]
      ]
    ])
  }

  @Test("a volume is bound to its node, or to none if it is on all with a store")
  func nodes() {
    let pinned = volume(VolumeTopology.nodeKey, "node-1")
    #expect(DriverVolume.nodes(of: pinned) == ["node-1"] && !DriverVolume.isOnAllNodes(pinned))
    let wide = volume(VolumeTopology.storeKey(namespace: "n", name: "c"), VolumeTopology.storeValue)
    #expect(DriverVolume.nodes(of: wide).isEmpty && DriverVolume.isOnAllNodes(wide))
  }
}
