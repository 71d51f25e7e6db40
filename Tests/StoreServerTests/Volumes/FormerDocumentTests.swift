import Glibc
import Testing

@testable import StoreServer

extension StoreServerTests {
  @Suite("documents that a former release kept in the directories of volumes")
  struct FormerDocumentTests {
    let fixture: VolumeFixture

    init() throws { fixture = try VolumeFixture() }

    private func formerPath(_ id: String) -> String { "\(fixture.volumePath(id))/volume.json" }

    /// Puts everything where a former release had it.
    private func moveBack(_ ids: String...) throws {
      for id in ids { #expect(rename(fixture.documentPath(id), formerPath(id)) == 0) }
      #expect(rmdir("\(fixture.directory.path)/volumes/~documents") == 0)
    }

    @Test("are moved out of the pods' reach, once")
    func moved() throws {
      try fixture.open("v", #""quota":1048576"#)
      try fixture.restart { try moveBack("v") }
      #expect(try fixture.record("v")?["quota"]?.integer == mebibyte)
      #expect(access(formerPath("v"), F_OK) != 0)
      #expect(access(fixture.documentPath("v"), F_OK) == 0)
      try fixture.restart {
        try writeFile(formerPath("v"), #"{"id":"v","quota":0,"created":1,"frozen":false,"written":false}"#)
      }
      #expect(try fixture.record("v")?["quota"]?.integer == mebibyte)
    }

    @Test("are moved although the first attempt was interrupted")
    func interrupted() throws {
      try fixture.open("v", #""quota":1048576"#)
      try fixture.restart {
        try moveBack("v")
        mkdir("\(fixture.directory.path)/volumes/~documents.new", 0o700)
        try writeFile("\(fixture.directory.path)/volumes/~documents.new/v.new", "{")
      }
      #expect(try fixture.record("v")?["quota"]?.integer == mebibyte)
      #expect(fileNames(in: "\(fixture.directory.path)/volumes/~documents") == ["v.json"])
    }

    @Test(
      "[Error] are not taken when somebody else may have made them",
      arguments: ["fifo", "link", "second name", "writable", "directory", "scope"])
    func notTaken(reason: String) throws {
      try fixture.open("v")
      try fixture.open("good")
      try fixture.restart {
        try moveBack("v", "good")
        let path = formerPath("v")
        switch reason {
        case "fifo":
          unlink(path)
          mkfifo(path, 0o600)
        case "link":
          rename(path, "\(path).real")
          symlink("volume.json.real", path)
        case "second name": link(path, "\(path).again")
        case "writable": chmod(path, 0o666)
        case "directory":
          unlink(path)
          mkdir(path, 0o700)
        default:
          try writeFile(path, #"{"id":"v","scope":"cluster","created":1,"frozen":false,"written":false}"#)
        }
      }
      #expect(try fixture.record("v") == nil)
      #expect(try fixture.record("good") != nil)
      #expect(fixture.server.log.contains { $0.contains("volume v is not opened again") })
      #expect(fixture.volumeNames == ["good"])
      try fixture.open("v", #""scope":"cluster""#)
      _ = try fixture.client(of: "v")
    }
  }
}
