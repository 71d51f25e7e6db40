import Testing

@testable import CSIDriver

@Suite("What a mount shows")
struct PublishedVolumeTests {
  private func volume(_ root: String, tree: String = "/s", device: String = "0:21") throws -> PublishedVolume? {
    let entry = try #require(MountEntry(Array("1 2 0:21 \(root) /p ro - tmpfs none rw".utf8)[...]))
    return PublishedVolume(entry, tree: tree, device: device)
  }

  @Test("is a volume, for writing or for reading")
  func volumes() throws {
    let writable = try #require(try volume("/s/ns/c/volumes/a.b"))
    #expect(writable.cluster == ClusterName(namespace: "ns", name: "c"))
    #expect(writable.name == "a.b")
    #expect(!writable.isReadOnly && !writable.isDeleted)
    let readOnly = try #require(try volume("/s/ns/c/volumes/a/read-only"))
    #expect(readOnly.name == "a" && readOnly.isReadOnly)
  }

  @Test("is a volume that was deleted")
  func deleted() throws {
    let volume = try #require(try volume("/s/ns/c/volumes/a//deleted"))
    #expect(volume.name == "a" && volume.isDeleted && !volume.isReadOnly)
  }

  @Test("is the directory of a store, when the original has mounted it")
  func original() throws {
    let volume = try #require(try volume("/s/ns/c"))
    #expect(volume.name == nil && !volume.isReadOnly)
  }

  @Test("is found in a file system of its own, too")
  func ownFileSystem() throws { #expect(try volume("/ns/c/volumes/a", tree: "")?.name == "a") }

  @Test(
    "is nothing of ours",
    arguments: [
      "/", "/s", "/s/ns", "/x/ns/c", "/sx/ns/c", "/s/ns/c/volumes", "/s/ns/c/other/a", "/s/ns/c/volumes/a/b",
      "/s/ns/c/volumes/a/read-only/b", "/s/NS/c", "/s/ns/c_/volumes/a",
    ])
  func foreign(root: String) throws { #expect(try volume(root) == nil) }

  @Test("is nothing of ours in another file system")
  func otherDevice() throws { #expect(try volume("/s/ns/c/volumes/a", device: "0:22") == nil) }

  @Test(
    "belongs to a volume id",
    arguments: [
      ("/s/ns/c/volumes/a", "ns/c/a", true), ("/s/ns/c/volumes/a", "a", true), ("/s/ns/c/volumes/a", "ns/d/a", false),
      ("/s/ns/c/volumes/a", "ns/c/b", false), ("/s/ns/c/volumes/a", "b", false), ("/s/ns/c/volumes/a", "", false),
      ("/s/ns/c/volumes/a", "x/a", false), ("/s/ns/c", "0d1c-uuid", true), ("/s/ns/c", "ns/c/a", false),
    ])
  func ids(root: String, id: String, expected: Bool) throws {
    #expect(try volume(root)?.isMount(of: id) == expected)
  }
}
