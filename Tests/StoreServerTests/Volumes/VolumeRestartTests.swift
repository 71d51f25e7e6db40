import Glibc
import Testing

@testable import StoreServer

extension StoreServerTests {
  @Suite("volumes and the restart of their store")
  struct VolumeRestartTests {
    let fixture: VolumeFixture

    init() throws { fixture = try VolumeFixture() }

    @Test("volumes are there again as they were, in the same directories; only the contents are gone, and they say so")
    func restart() throws {
      let fields = #""quota":1048576,"on_delete":"retain","ephemeral":true,"attributes":{"claim":"x"}"#
      try fixture.open("v", fields)
      try fixture.open("w")
      _ = try fixture.ask("resize_volume", "v", #""quota":2097152,"on_delete":"delete""#)
      _ = try fixture.client(of: "v").sealedBlob(1000)
      _ = try fixture.ask("freeze_volume", "v", #""frozen":true"#)
      _ = try fixture.ask("create_snapshot", "s", #""source":"v""#)
      let before = try #require(try fixture.record("v"))
      let directory = open(fixture.volumePath("v"), O_RDONLY | O_DIRECTORY)
      defer { close(directory) }
      try fixture.restart()
      let after = try #require(try fixture.record("v"))
      for key in ["attributes", "created", "ephemeral", "frozen", "on_delete", "quota", "scope", "source"] {
        #expect(after[key] == before[key], "\(key)")
      }
      #expect(after["condition"]?["abnormal"] == .bool(true))
      #expect(after["condition"]?["message"]?.text?.contains("lost") == true)
      #expect(try fixture.record("w")?["condition"]?["abnormal"] == .bool(false))
      #expect(fixture.server.log.contains { $0.contains("snapshot s is lost") })
      // A pod still has the old directory mounted.
      _ = try WireClient.registered(fixture.server, path: "/proc/self/fd/\(directory)/vineyard.sock")
      _ = try fixture.ask("freeze_volume", "v", #""frozen":false"#)
      _ = try fixture.client(of: "v").sealedBlob(1000)
      #expect(try fixture.record("v")?["condition"]?["abnormal"] == .bool(false))
    }

    @Test("a volume that was emptied before an orderly stop has lost nothing, one that lost something says so again")
    func emptied() throws {
      try fixture.open("emptied")
      try fixture.open("lost")
      for id in ["emptied", "lost"] { _ = try fixture.client(of: id).sealedBlob(1000) }
      _ = try fixture.client(of: "emptied").request(#"{"type":"clear_request"}"#)
      for _ in 0..<2 {
        try fixture.restart()
        #expect(try fixture.record("emptied")?["condition"]?["abnormal"] == .bool(false))
        #expect(try fixture.record("lost")?["condition"]?["abnormal"] == .bool(true))
      }
    }

    @Test("who misses a name is told of the restart, in the volume that lost it and outside of volumes")
    func lostNames() throws {
      let fields = #""overwrite":"keep","deleted_memory":"reuse""#
      try fixture.open("v", fields)
      try fixture.open("empty")
      let get = #"{"type":"get_name_request","name":"/p","wait":false}"#
      for client in [fixture.main, try fixture.client(of: "v")] {
        _ = try client.request(get)
        let made = try client.request(#"{"type":"create_data_request","content":{"typename":"t","instance_id":0}}"#)
        let id = try #require(made["id"]?.integer)
        _ = try client.request("{\"type\":\"persist_request\",\"id\":\(id)}")
        _ = try client.request("{\"type\":\"put_name_request\",\"name\":\"/p\",\"object_id\":\(id)}")
      }
      for _ in 0..<2 {
        try fixture.restart()
        for client in [fixture.main, try fixture.client(of: "v")] {
          let message = try #require(try client.request(get)["message"]?.text)
          #expect(message.hasPrefix("failed to find name: /p; the store restarted at 2"))
        }
        let other = try fixture.client(of: "empty").request(get)["message"]?.text
        #expect(other == "failed to find name: /p")
      }
      let record = try #require(try fixture.record("v"))
      #expect((record["lost_contents_at"]?.integer ?? 0) > 1_700_000_000_000)
      #expect(record["overwrite"]?.text == "keep" && record["deleted_memory"]?.text == "reuse")
    }

    @Test("what an interrupted opening or deletion has left is removed, wherever it was interrupted")
    func remains() throws {
      let steps: [[String]] = [
        [], ["read-only/"], ["read-only/", "vineyard.sock"],
        ["read-only/", "vineyard.sock", "read-only/vineyard.sock"],
        ["read-only/", "vineyard.sock", "read-only/vineyard.sock", "volume.json"], ["vineyard.sock"],
      ]
      try fixture.open("whole")
      try fixture.restart {
        for (number, names) in steps.enumerated() {
          mkdir(fixture.volumePath("part-\(number)"), 0o755)
          for name in names {
            let path = "\(fixture.volumePath("part-\(number)"))/\(name)"
            if name.hasSuffix("/") { mkdir(path, 0o755) } else { try writeFile(path, "") }
          }
        }
      }
      #expect(fixture.volumeNames == ["whole"])
      #expect(try fixture.record("whole") != nil)
    }

    @Test("the document alone makes a volume whole: the rest is made again")
    func documentAlone() throws {
      try fixture.open("v")
      try fixture.restart {
        for name in ["vineyard.sock", "read-only/vineyard.sock"] { unlink("\(fixture.volumePath("v"))/\(name)") }
        rmdir("\(fixture.volumePath("v"))/read-only")
        try writeFile("\(fixture.directory.path)/volumes/~documents/v.new", "{")
      }
      _ = try fixture.client(of: "v", readOnly: true)
      #expect(fileNames(in: "\(fixture.directory.path)/volumes/~documents") == ["v.json"])
      #expect(try fixture.ask("delete_volume", "v")["deleted"] == .bool(true))
      #expect(fixture.volumeNames.isEmpty)
    }

    @Test("[Error] a document nobody understands, or another volume's, closes that volume and no other")
    func badDocuments() throws {
      for id in ["a", "b", "good"] { try fixture.open(id) }
      try fixture.restart {
        try writeFile(fixture.documentPath("a"), "{\"id\":")
        try writeFile(fixture.documentPath("b"), #"{"id":"x","created":1,"frozen":false,"written":false}"#)
      }
      #expect(try fixture.record("a") == nil && fixture.record("b") == nil && fixture.record("good") != nil)
      for id in ["a", "b"] { #expect(fixture.server.log.contains { $0.contains("volume \(id) stays closed") }) }
      try fixture.open("a")
      _ = try fixture.client(of: "a")
      _ = try fixture.ask("delete_volume", "b")
      #expect(fixture.volumeNames == ["a", "good"])
    }

    @Test("[Error] a second store beside the first cannot open volumes")
    func twoStores() throws {
      try fixture.open("v")
      let path = "\(fixture.directory.path)/second.sock"
      let second = try RunningServer { $0.socketPath = path }
      #expect(second.log.contains { $0.contains("volumes are not available") })
      let reply = try WireClient.registered(second).request(#"{"type":"open_volume_request","id":"w"}"#)
      #expect(reply["code"]?.integer == 4, "\(reply)")
      #expect(try fixture.client(of: "v").request(#"{"type":"clear_request"}"#)["code"] == nil)
    }

    @Test("[Error] a place that cannot be written to: nothing of the volume is left")
    func notWritable() throws {
      try fixture.open("other")
      try writeFile(fixture.volumePath("v"), "a file in the way")
      let reply = try fixture.ask("open_volume", "v", #""quota":1048576"#)
      #expect(reply["code"]?.integer == 4, "\(reply)")
      #expect(try fixture.main.request(#"{"type":"list_volumes_request"}"#)["room"]?["promised"]?.integer == 0)
      #expect(try fixture.server.onLoop { $0.listeners.count } == 4)
    }

    @Test("a thousand volumes open, are there after a restart and go, with two descriptors each")
    func thousand() throws {
      try fixture.open("first")
      let before = try ServerDescriptors(of: fixture.server)
      for number in 0..<1000 { try fixture.open("v-\(number)", #""quota":1024"#) }
      #expect(try fixture.server.onLoop { $0.listeners.count } == 2004)
      try fixture.restart()
      let list = try fixture.main.request(#"{"type":"list_volumes_request"}"#)
      #expect(list["volumes"]?.elements.count == 1001)
      #expect(list["room"]?["promised"]?.integer == 1000 * 1024)
      _ = try fixture.client(of: "v-999", readOnly: true)
      for number in 0..<1000 { _ = try fixture.ask("delete_volume", "v-\(number)") }
      try fixture.server.waitUntil("only the main client is left") { $0.connections.count == 1 }
      #expect(fixture.volumeNames == ["first"])
      #expect(try ServerDescriptors(of: fixture.server) == before)
    }
  }
}
