import KubernetesObjects
import Testing

@Suite("Labels by which Kubernetes finds volumes")
struct VolumeTopologyTests {
  @Test("a cluster's label is its namespace and name, as long as the name of a label may be")
  func plain() {
    #expect(
      VolumeTopology.storeKey(namespace: "vineyard-system", name: "numbers")
        == "csi.vineyard.v6d.io/store-vineyard-system.numbers")
    // "store-", the dot, and 56 more.
    let key = VolumeTopology.storeKey(
      namespace: String(repeating: "n", count: 40), name: String(repeating: "c", count: 16))
    #expect(key.hasSuffix("n.cccccccccccccccc") && key.split(separator: "/").last?.utf8.count == 63)
  }

  @Test("a cluster whose names are longer has a hash, which no other has")
  func long() {
    let names = [63, 62, 17].map { String(repeating: "c", count: $0) }
    let namespace = String(repeating: "n", count: 40)
    let keys = names.map { VolumeTopology.storeKey(namespace: namespace, name: $0) }
    #expect(Set(keys).count == keys.count)
    for key in keys {
      #expect(key.hasPrefix(VolumeTopology.storeKeyPrefix + "x-"))
      #expect(key.split(separator: "/").last.map { $0.utf8.count <= 63 && !$0.contains(".") } == true)
    }
  }

  @Test("a hash is the same on every machine")
  func hash() {
    #expect(StableHash.hex("abc") == "ba7816bf8f01cfea414140de5dae2223")
  }
}
