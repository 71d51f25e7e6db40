import Testing

@testable import CSIDriver

@Suite("The table of mounts")
struct MountTableTests {
  private static let text = """
    21 1 0:20 / / rw shared:1 - ext4 /dev/vda rw
    22 21 0:21 / /run rw shared:2 - tmpfs tmpfs rw
    221 22 0:21 /s/ns/c/volumes/a /pods/x ro - tmpfs tmpfs rw
    222 221 0:21 /s/ns/c/volumes/b /pods/x ro - tmpfs tmpfs rw
    nonsense

    """

  private let table = MountTable(Array(text.utf8))

  @Test("has an entry for each line that is a mount")
  func entries() { #expect(table.entries.map(\.id) == [21, 22, 221, 222]) }

  @Test("finds a mount by its whole number", arguments: [(22, "/run"), (222, "/pods/x"), (2, nil), (1, nil)])
  func byNumber(id: UInt64, mountPoint: String?) { #expect(table.entry(id: id)?.mountPoint == mountPoint) }

  @Test("finds mounts by a part of their line")
  func byText() {
    #expect(table.entries(containing: "/volumes/").map(\.id) == [221, 222])
    #expect(table.entries(containing: "/volumes/b").map(\.id) == [222])
    #expect(table.entries(containing: "/volumes/c").isEmpty)
  }

  @Test("without a line break at the end is whole")
  func noLineBreak() { #expect(MountTable(Array("1 2 0:3 / /a rw - tmpfs none rw".utf8)).entries.count == 1) }

  @Test("that is empty has no mounts")
  func empty() { #expect(MountTable([]).entries.isEmpty) }

  @Test("of this process has the mount of the root directory, by the number that the kernel gives it")
  func current() throws {
    let place = try #require(try FileStatus.read("/"))
    #expect(place.isMountRoot)
    #expect(try MountTable.current().entry(id: place.mount)?.mountPoint == "/")
  }
}
