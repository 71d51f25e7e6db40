import Glibc
import Testing

@testable import StoreServer

extension StoreServerTests {
  @Suite("documents that a former release kept in the directories of volumes")
  struct FormerDocumentTests {
    let world: VolumeWorld

    init() throws { world = try VolumeWorld() }

    private func formerPath(_ id: String) -> String { "\(world.volumePath(id))/volume.json" }

    /// Puts everything where a former release had it.
    private func moveBack(_ ids: String...) throws {
      for id in ids { #expect(rename(world.documentPath(id), formerPath(id)) == 0) }
      #expect(rmdir("\(world.directory.path)/volumes/~documents") == 0)
    }

    @Test("are moved out of the pods' reach, once")
    func moved() throws {
      try world.open("v", #""quota":1048576"#)
      try world.restart { try moveBack("v") }
      #expect(try world.record("v")?["quota"]?.integer == mebibyte)
      #expect(access(formerPath("v"), F_OK) != 0)
      #expect(access(world.documentPath("v"), F_OK) == 0)
      try world.restart {
        try writeFile(formerPath("v"), #"{"id":"v","quota":0,"created":1,"frozen":false,"written":false}"#)
      }
      #expect(try world.record("v")?["quota"]?.integer == mebibyte)
    }

    @Test("are moved although the first attempt was interrupted")
    func interrupted() throws {
      try world.open("v", #""quota":1048576"#)
      try world.restart {
        try moveBack("v")
        mkdir("\(world.directory.path)/volumes/~documents.new", 0o700)
        try writeFile("\(world.directory.path)/volumes/~documents.new/v.new", "{")
      }
      #expect(try world.record("v")?["quota"]?.integer == mebibyte)
      #expect(fileNames(in: "\(world.directory.path)/volumes/~documents") == ["v.json"])
    }

    @Test(
      "[Error] are not taken when somebody else may have made them",
      arguments: ["fifo", "link", "second name", "writable", "directory", "scope"])
    func notTaken(reason: String) throws {
      try world.open("v")
      try world.open("good")
      try world.restart {
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
      #expect(try world.record("v") == nil)
      #expect(try world.record("good") != nil)
      #expect(world.server.log.contains { $0.contains("volume v is not opened again") })
      #expect(world.volumeNames == ["good"])
      try world.open("v", #""scope":"cluster""#)
      _ = try world.client(of: "v")
    }
  }
}
