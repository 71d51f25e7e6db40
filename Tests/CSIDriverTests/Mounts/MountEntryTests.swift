import Testing

@testable import CSIDriver

@Suite("A line of the table of mounts")
struct MountEntryTests {
  private func parse(_ line: String) -> MountEntry? { MountEntry(Array(line.utf8)[...]) }

  @Test("is read field by field")
  func fields() throws {
    let entry = try #require(
      parse("36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 propagate_from:2 - ext3 /dev/root rw,errors=continue"))
    #expect(entry.id == 36)
    #expect(entry.parent == 35)
    #expect(entry.device == "98:0")
    #expect(entry.root == "/mnt1")
    #expect(!entry.isDeleted)
    #expect(entry.mountPoint == "/mnt2")
    #expect(entry.options == ["rw", "noatime"])
    #expect(entry.propagation == ["master:1", "propagate_from:2"])
    #expect(entry.fileSystem == "ext3")
    #expect(entry.source == "/dev/root")
  }

  @Test(
    "has any number of fields about how mounts spread",
    arguments: [
      ("", []), ("shared:1 ", ["shared:1"]), ("shared:7 master:3 ", ["shared:7", "master:3"]),
      ("unbindable ", ["unbindable"]), ("shared:1 - - ", ["shared:1"]),
    ])
  func propagation(fields: String, expected: [String]) {
    #expect(parse("1 2 0:3 / /a rw \(fields)- tmpfs none rw")?.propagation == expected)
  }

  @Test(
    "has blanks, tabs, line breaks and backslashes as octal digits",
    arguments: [
      (#"/a\040b"#, "/a b"), (#"/a\011b"#, "/a\tb"), (#"/a\012b"#, "/a\nb"), (#"/a\134b"#, #"/a\b"#),
      (#"/a\134040b"#, #"/a\040b"#), (#"/\303\244"#, "/ä"), (#"/a\04"#, #"/a\04"#), (#"/a\"#, #"/a\"#),
      (#"/a\089"#, #"/a\089"#), (#"/a\777"#, #"/a\777"#), (#"/\040\040"#, "/  "),
    ])
  func escapes(text: String, expected: String) {
    let entry = parse("1 2 0:3 \(text) \(text) rw - tmpfs \(text) rw")
    #expect(entry?.root == expected)
    #expect(entry?.mountPoint == expected)
    #expect(entry?.source == expected)
  }

  @Test("tells that its directory was deleted")
  func deleted() throws {
    let entry = try #require(parse(#"1 2 0:3 /v/a\040b//deleted /p ro - tmpfs none rw"#))
    #expect(entry.isDeleted)
    #expect(entry.root == "/v/a b")
  }

  @Test("of a mount point that ends in the mark is no deleted directory")
  func markInMountPoint() {
    #expect(parse("1 2 0:3 /v /p//deleted ro - tmpfs none rw")?.isDeleted == false)
  }

  @Test(
    "that is cut off or none at all is left out",
    arguments: [
      "", "1", "1 2 0:3 / /a rw", "1 2 0:3 / /a rw -", "1 2 0:3 / /a rw - tmpfs", "x 2 0:3 / /a rw - tmpfs none rw",
      "1 -2 0:3 / /a rw - tmpfs none rw", "1 2 0:3 - tmpfs none rw",
    ])
  func broken(line: String) { #expect(parse(line) == nil) }
}
