import Testing

@testable import CSIDriver

@Suite("Ids of volumes")
struct VolumeHandleTests {
  @Test("of ours lead to the cluster and the volume's name there")
  func ours() throws {
    let handle = try #require(VolumeHandle(id: "ns/c-1/pvc-0a.b_c"))
    #expect(handle.cluster == ClusterName(namespace: "ns", name: "c-1"))
    #expect(handle.name == "pvc-0a.b_c")
    #expect(handle.description == "ns/c-1/pvc-0a.b_c")
  }

  @Test(
    "of the original, of inline volumes and of people's own are taken as they are",
    arguments: ["9c6e0c8e-7d4b-11ee-b962-0242ac120002", "csi-\(String(repeating: "5e", count: 32))", "my_data"])
  func others(id: String) throws {
    let handle = try #require(VolumeHandle(id: id))
    #expect(handle.cluster == nil)
    #expect(handle.name == id)
  }

  @Test(
    "that could lead elsewhere are none",
    arguments: [
      "", ".", "..", "a/b", "ns/c/..", "ns/c/.", "../c/v", "ns/../v", "ns/c/", "/c/v", "ns//v", "ns/c/v/", "ns/c/a/b",
      "a b", "a\0", "ä", "NS/c/v", "ns/-c/v", String(repeating: "x", count: 129),
    ])
  func invalid(id: String) { #expect(VolumeHandle(id: id) == nil) }

  @Test(
    "are made of a suggested name, kept where it can be a directory's",
    arguments: ["pvc-1", "A.b_c", String(repeating: "n", count: 80)])
  func kept(name: String) throws {
    let cluster = try #require(ClusterName(namespace: "ns", name: "c"))
    #expect(VolumeHandle(cluster: cluster, name: name)?.name == name)
    #expect(VolumeHandle(cluster: cluster, name: name, prefix: "snap-")?.name.hasPrefix("snap-") == true)
  }

  @Test(
    "are made of other names by hashing: the same for the same name, and never one that could be somebody's",
    arguments: ["", "a/b", "..", "ä", "x-0123", String(repeating: "n", count: 81), String(repeating: "n", count: 9999)])
  func hashed(name: String) throws {
    let cluster = try #require(ClusterName(namespace: "ns", name: "c"))
    let handle = try #require(VolumeHandle(cluster: cluster, name: name))
    #expect(handle.name.hasPrefix("x-"))
    #expect(handle == VolumeHandle(cluster: cluster, name: name))
    #expect(handle != VolumeHandle(cluster: cluster, name: name + " "))
    #expect(VolumeHandle(id: handle.description) == handle)
  }

  @Test("are never longer than CSI allows, or there is none")
  func length() throws {
    let long = String(repeating: "c", count: 63)
    let cluster = try #require(ClusterName(namespace: long, name: long))
    #expect(VolumeHandle(cluster: cluster, name: "pvc-1") == nil)
    let shorter = try #require(ClusterName(namespace: "ns", name: long))
    let handle = try #require(VolumeHandle(cluster: shorter, name: String(repeating: "n", count: 79)))
    #expect(handle.description.utf8.count <= VolumeHandle.longestID)
  }
}
