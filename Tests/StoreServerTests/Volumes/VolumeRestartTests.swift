import Glibc
import Testing

@testable import StoreServer

extension StoreServerTests {
  @Suite("volumes and the restart of their store")
  struct VolumeRestartTests {
    let world: VolumeWorld

    init() throws { world = try VolumeWorld() }

    @Test("volumes are there again as they were, in the same directories; only the contents are gone, and they say so")
    func restart() throws {
      let fields = #""quota":1048576,"on_delete":"retain","ephemeral":true,"attributes":{"claim":"x"}"#
      try world.open("v", fields)
      try world.open("w")
      _ = try world.ask("resize_volume", "v", #""quota":2097152,"on_delete":"delete""#)
      _ = try world.client(of: "v").sealedBlob(1000)
      _ = try world.ask("freeze_volume", "v", #""frozen":true"#)
      _ = try world.ask("create_snapshot", "s", #""source":"v""#)
      let before = try #require(try world.record("v"))
      let directory = open(world.volumePath("v"), O_RDONLY | O_DIRECTORY)
      defer { close(directory) }
      try world.restart()
      let after = try #require(try world.record("v"))
      for key in ["attributes", "created", "ephemeral", "frozen", "on_delete", "quota", "scope", "source"] {
        #expect(after[key] == before[key], "\(key)")
      }
      #expect(after["condition"]?["abnormal"] == .bool(true))
      #expect(after["condition"]?["message"]?.text?.contains("lost") == true)
      #expect(try world.record("w")?["condition"]?["abnormal"] == .bool(false))
      #expect(world.server.log.contains { $0.contains("snapshot s is lost") })
      // A pod still has the old directory mounted.
      _ = try WireClient.registered(world.server, path: "/proc/self/fd/\(directory)/vineyard.sock")
      _ = try world.ask("freeze_volume", "v", #""frozen":false"#)
      _ = try world.client(of: "v").sealedBlob(1000)
      #expect(try world.record("v")?["condition"]?["abnormal"] == .bool(false))
    }

    @Test("a volume that was emptied before an orderly stop has lost nothing, one that lost something says so again")
    func emptied() throws {
      try world.open("emptied")
      try world.open("lost")
      for id in ["emptied", "lost"] { _ = try world.client(of: id).sealedBlob(1000) }
      _ = try world.client(of: "emptied").request(#"{"type":"clear_request"}"#)
      for _ in 0..<2 {
        try world.restart()
        #expect(try world.record("emptied")?["condition"]?["abnormal"] == .bool(false))
        #expect(try world.record("lost")?["condition"]?["abnormal"] == .bool(true))
      }
    }

    @Test("who misses a name is told of the restart, in the volume that lost it and outside of volumes")
    func lostNames() throws {
      let fields = #""overwrite":"keep","deleted_memory":"reuse""#
      try world.open("v", fields)
      try world.open("empty")
      let get = #"{"type":"get_name_request","name":"/p","wait":false}"#
      for client in [world.main, try world.client(of: "v")] {
        _ = try client.request(get)
        let made = try client.request(#"{"type":"create_data_request","content":{"typename":"t","instance_id":0}}"#)
        let id = try #require(made["id"]?.integer)
        _ = try client.request("{\"type\":\"persist_request\",\"id\":\(id)}")
        _ = try client.request("{\"type\":\"put_name_request\",\"name\":\"/p\",\"object_id\":\(id)}")
      }
      for _ in 0..<2 {
        try world.restart()
        for client in [world.main, try world.client(of: "v")] {
          let message = try #require(try client.request(get)["message"]?.text)
          #expect(message.hasPrefix("failed to find name: /p; the store restarted at 2"))
        }
        let other = try world.client(of: "empty").request(get)["message"]?.text
        #expect(other == "failed to find name: /p")
      }
      let record = try #require(try world.record("v"))
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
      try world.open("whole")
      try world.restart {
        for (number, names) in steps.enumerated() {
          mkdir(world.volumePath("part-\(number)"), 0o755)
          for name in names {
            let path = "\(world.volumePath("part-\(number)"))/\(name)"
            if name.hasSuffix("/") { mkdir(path, 0o755) } else { try writeFile(path, "") }
          }
        }
      }
      #expect(world.volumeNames == ["whole"])
      #expect(try world.record("whole") != nil)
    }

    @Test("the document alone makes a volume whole: the rest is made again")
    func documentAlone() throws {
      try world.open("v")
      try world.restart {
        for name in ["vineyard.sock", "read-only/vineyard.sock"] { unlink("\(world.volumePath("v"))/\(name)") }
        rmdir("\(world.volumePath("v"))/read-only")
        try writeFile("\(world.directory.path)/volumes/~documents/v.new", "{")
      }
      _ = try world.client(of: "v", readOnly: true)
      #expect(fileNames(in: "\(world.directory.path)/volumes/~documents") == ["v.json"])
      #expect(try world.ask("delete_volume", "v")["deleted"] == .bool(true))
      #expect(world.volumeNames.isEmpty)
    }

    @Test("[Error] a document nobody understands, or another volume's, closes that volume and no other")
    func badDocuments() throws {
      for id in ["a", "b", "good"] { try world.open(id) }
      try world.restart {
        try writeFile(world.documentPath("a"), "{\"id\":")
        try writeFile(world.documentPath("b"), #"{"id":"x","created":1,"frozen":false,"written":false}"#)
      }
      #expect(try world.record("a") == nil && world.record("b") == nil && world.record("good") != nil)
      for id in ["a", "b"] { #expect(world.server.log.contains { $0.contains("volume \(id) stays closed") }) }
      try world.open("a")
      _ = try world.client(of: "a")
      _ = try world.ask("delete_volume", "b")
      #expect(world.volumeNames == ["a", "good"])
    }

    @Test("[Error] a second store beside the first cannot open volumes")
    func twoStores() throws {
      try world.open("v")
      let path = "\(world.directory.path)/second.sock"
      let second = try RunningServer { $0.socketPath = path }
      #expect(second.log.contains { $0.contains("volumes are not available") })
      let reply = try WireClient.registered(second).request(#"{"type":"open_volume_request","id":"w"}"#)
      #expect(reply["code"]?.integer == 4, "\(reply)")
      #expect(try world.client(of: "v").request(#"{"type":"clear_request"}"#)["code"] == nil)
    }

    @Test("[Error] a place that cannot be written to: nothing of the volume is left")
    func notWritable() throws {
      try world.open("other")
      try writeFile(world.volumePath("v"), "a file in the way")
      let reply = try world.ask("open_volume", "v", #""quota":1048576"#)
      #expect(reply["code"]?.integer == 4, "\(reply)")
      #expect(try world.main.request(#"{"type":"list_volumes_request"}"#)["room"]?["promised"]?.integer == 0)
      #expect(try world.server.onLoop { $0.listeners.count } == 4)
    }

    @Test("a thousand volumes open, are there after a restart and go, with two descriptors each")
    func thousand() throws {
      try world.open("first")
      let before = try ServerDescriptors(of: world.server)
      for number in 0..<1000 { try world.open("v-\(number)", #""quota":1024"#) }
      #expect(try world.server.onLoop { $0.listeners.count } == 2004)
      try world.restart()
      let list = try world.main.request(#"{"type":"list_volumes_request"}"#)
      #expect(list["volumes"]?.elements.count == 1001)
      #expect(list["room"]?["promised"]?.integer == 1000 * 1024)
      _ = try world.client(of: "v-999", readOnly: true)
      for number in 0..<1000 { _ = try world.ask("delete_volume", "v-\(number)") }
      try world.server.waitUntil("only the main client is left") { $0.connections.count == 1 }
      #expect(world.volumeNames == ["first"])
      #expect(try ServerDescriptors(of: world.server) == before)
    }
  }
}
