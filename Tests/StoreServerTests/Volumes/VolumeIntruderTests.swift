import Glibc
import Support
import Testing

@testable import StoreServer

extension StoreServerTests {
  @Suite("a volume's directory in which a client has put things")
  struct VolumeIntruderTests {
    let fixture: VolumeFixture

    init() throws {
      fixture = try VolumeFixture()
      try fixture.open("evil")
      try fixture.open("victim")
    }

    private var directory: String { fixture.volumePath("evil") }

    private var victimSocket: Support.FileIdentity? {
      get throws {
        try fixture.server.onLoop { $0.volumeFiles.directories?.socket(of: "victim", isReadOnly: false) }
      }
    }

    private func removeReaders() {
      unlink("\(directory)/read-only/vineyard.sock")
      rmdir("\(directory)/read-only")
    }

    @Test(
      "is served again, whatever is in the way", arguments: ["link", "file", "directory", "full directory", "fifo"])
    func replaced(what: String) throws {
      let socket = "\(directory)/vineyard.sock"
      unlink(socket)
      removeReaders()
      switch what {
      case "link":
        symlink("../victim/vineyard.sock", socket)
        symlink("../victim", "\(directory)/read-only")
      case "file":
        try writeFile(socket, "")
        try writeFile("\(directory)/read-only", "")
      case "directory": mkdir(socket, 0o700)
      case "full directory":
        mkdir(socket, 0o700)
        mkdir("\(socket)/deep", 0o700)
        symlink("../../../victim", "\(socket)/deep/link")
        mkdir("\(directory)/read-only", 0o000)
      default:
        mkfifo(socket, 0o666)
        mkfifo("\(directory)/read-only", 0o666)
      }
      let identity = try #require(try victimSocket)
      _ = try fixture.record("evil")
      let blob = try fixture.client(of: "evil").sealedBlob(1000)
      #expect(try fixture.client(of: "evil", readOnly: true).exists(blob))
      #expect(try !fixture.client(of: "victim").exists(blob))
      #expect(try victimSocket == identity)
    }

    @Test("is removed without following a link out of it", arguments: ["../victim", "../..", "/", "../~documents"])
    func removed(target: String) throws {
      removeReaders()
      symlink(target, "\(directory)/read-only")
      mkdir("\(directory)/more", 0o755)
      symlink(target, "\(directory)/more/link")
      #expect(try fixture.ask("delete_volume", "evil")["deleted"] == .bool(true))
      #expect(fixture.volumeNames == ["victim"])
      _ = try fixture.client(of: "victim", readOnly: true)
      #expect(access("\(fixture.directory.path)/vineyard.sock", F_OK) == 0)
      #expect(access(fixture.documentPath("victim"), F_OK) == 0)
    }

    @Test("is removed although the name of a file in it is no text")
    func rawNames() throws {
      let bytes = Array("\(directory)/".utf8) + [0xff, 0xfe, 0]
      let name = bytes.map { CChar(bitPattern: $0) }
      let file = open(name, O_CREAT | O_WRONLY, 0o600)
      #expect(file >= 0)
      close(file)
      #expect(try fixture.ask("delete_volume", "evil")["deleted"] == .bool(true))
      #expect(fixture.volumeNames == ["victim"])
    }

    @Test("costs a limited number of removals, however much is in it")
    func crowded() throws {
      for number in 0..<3000 { try writeFile("\(directory)/\(number)", "") }
      #expect(try fixture.ask("delete_volume", "evil")["deleted"] == .bool(true))
      #expect(fixture.server.log.contains { $0.contains("cannot remove \(directory)") })
      let left = fileNames(in: directory).count
      #expect((1900...2100).contains(left))
      try fixture.restart()
      try fixture.restart()
      #expect(fileNames(in: directory).count < left)
      try fixture.open("evil")
      _ = try fixture.client(of: "evil")
    }
  }
}
