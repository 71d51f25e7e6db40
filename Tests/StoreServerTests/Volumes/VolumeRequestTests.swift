import Glibc
import StoreCore
import Testing

@testable import StoreServer

extension StoreServerTests {
  @Suite("requests about volumes")
  struct VolumeRequestTests {
    let fixture: VolumeFixture

    init() throws { fixture = try VolumeFixture() }

    @Test("opening, inspecting and listing show the same record")
    func records() throws {
      let opened = try fixture.open(
        "pvc-1",
        #""scope":"cluster","on_delete":"retain","ephemeral":true,"quota":1048576,"attributes":{"a":"ü\"\n"},"#
          + #""overwrite":"delete","deleted_memory":"keep""#)
      let text = #"{"attributes":{"a":"ü\"\n"},"condition":{"abnormal":false,"message":""},"connections":0,"#
      let inspected = try fixture.main.requestText(#"{"type":"inspect_volume_request","id":"pvc-1"}"#)
      #expect(inspected.hasPrefix(#"{"type":"inspect_volume_reply","volume":"# + text))
      #expect(
        inspected.hasSuffix(
          #","deleted_memory":"keep","ephemeral":true,"frozen":false,"id":"pvc-1","kind":"volume","#
            + #""locality":"node","lost_contents_at":null,"names":0,"objects":0,"on_delete":"retain","overwrite":"delete","#
            + #""quota":1048576,"scope":"cluster","source":null,"used":0}}"#))
      try fixture.open("a", #""source":null"#)
      _ = try fixture.ask("create_snapshot", "z", #""source":"a""#)
      let list = try fixture.main.request(#"{"type":"list_volumes_request"}"#)
      #expect(list["volumes"]?.elements.compactMap { $0["id"]?.text } == ["z", "a", "pvc-1"])
      #expect(list["volumes"]?.elements.last == opened)
      #expect(list["room"]?["limit"]?.integer == 16 * mebibyte)
      #expect(list["room"]?["promised"]?.integer == mebibyte)
      #expect(list["volumes"]?[0]?["source"]?.text == "a")
    }

    @Test(
      "[Error] requests that make no sense, with the code and a word of the message",
      arguments: [
        (#"{"type":"open_volume_request"}"#, 1, "'id' is missing"),
        (#"{"type":"open_volume_request","id":".."}"#, 8, "cannot be the id"),
        (#"{"type":"open_volume_request","id":"a/b"}"#, 8, "cannot be the id"),
        (#"{"type":"open_volume_request","id":"v","scope":"x"}"#, 8, "'volume' or 'cluster'"),
        (#"{"type":"open_volume_request","id":"v","on_delete":"x"}"#, 8, "'delete' or 'retain'"),
        (#"{"type":"open_volume_request","id":"v","locality":"x"}"#, 8, "'node' or 'cluster'"),
        (#"{"type":"open_volume_request","id":"v","locality":"cluster"}"#, 6, "shares nothing"),
        (#"{"type":"open_volume_request","id":"v","quota":1.5}"#, 1, "64-bit integer"),
        (#"{"type":"open_volume_request","id":"v","quota":99999999999}"#, 41, "this store"),
        (#"{"type":"open_volume_request","id":"v","attributes":{"a":1}}"#, 1, "wrong type"),
        (#"{"type":"open_volume_request","id":"v","source":{"kind":"volume"}}"#, 8, "source is"),
        (#"{"type":"open_volume_request","id":"v","source":{"kind":"volume","id":"x"}}"#, 12, "'x' does not exist"),
        (#"{"type":"inspect_volume_request","id":"x"}"#, 12, "volume 'x' does not exist"),
        (#"{"type":"inspect_volume_request","id":"x","kind":"snapshot"}"#, 12, "snapshot 'x' does not exist"),
        (#"{"type":"inspect_volume_request","id":"x","kind":"y"}"#, 8, "'volume' or 'snapshot'"),
        (#"{"type":"resize_volume_request","id":"x","quota":1}"#, 12, "does not exist"),
        (#"{"type":"freeze_volume_request","id":"x","frozen":true}"#, 12, "does not exist"),
        (#"{"type":"create_snapshot_request","id":"s","source":"x"}"#, 12, "does not exist"),
      ])
    func mistakes(request: String, code: UInt64, word: String) throws {
      let reply = try fixture.main.request(request)
      #expect(reply["code"]?.integer == code, "\(reply)")
      #expect(reply["message"]?.text?.contains(word) == true, "\(reply)")
      #expect(try fixture.server.onLoop { $0.store.volumes.count } == 0)
      #expect(fixture.volumeNames.isEmpty)
    }

    @Test("[Error] attributes beyond 64 KiB")
    func attributes() throws {
      let text = String(repeating: "x", count: 65536)
      #expect(try fixture.ask("open_volume", "v", "\"attributes\":{\"a\":\"\(text)\"}")["code"]?.integer == 8)
      try fixture.open("v", "\"attributes\":{\"a\":\"\(text.dropLast())\"}")
      try fixture.restart()
      #expect(try fixture.record("v")?["attributes"]?["a"]?.text?.utf8.count == 65535)
    }

    @Test("deleting is idempotent and tells whether there was one")
    func deletion() throws {
      try fixture.open("v")
      _ = try fixture.ask("create_snapshot", "v", #""source":"v""#)
      for expected in [true, false] {
        #expect(try fixture.ask("delete_volume", "v")["deleted"] == .bool(expected))
        #expect(try fixture.ask("delete_snapshot", "v")["deleted"] == .bool(expected))
      }
      #expect(fixture.volumeNames.isEmpty)
    }

    @Test("snapshots are listed in a file as long as there are any")
    func snapshotList() throws {
      let list = "\(fixture.directory.path)/volumes/~snapshots.json"
      try fixture.open("v")
      for id in ["a", "b"] { _ = try fixture.ask("create_snapshot", id, #""source":"v""#) }
      _ = try fixture.ask("delete_snapshot", "a")
      #expect(access(list, F_OK) == 0)
      _ = try fixture.ask("delete_snapshot", "b")
      #expect(access(list, F_OK) != 0)
      // A client that leaves without reading the reply has its snapshot all the same.
      let leaving = try WireClient.registered(fixture.server)
      try leaving.sendFrame(#"{"type":"create_snapshot_request","id":"c","source":"v"}"#)
      leaving.close()
      try fixture.server.waitUntil("it is made") {
        $0.store.snapshots["c"] != nil && $0.connections.count == 1 && $0.jobs.count == 0
      }
      #expect(access(list, F_OK) == 0)
      #expect(try fixture.ask("delete_snapshot", "c")["deleted"] == .bool(true))
      #expect(access(list, F_OK) != 0)
    }

    @Test("over TCP the token is demanded, as the file has it now; registering with a volume's session takes it too")
    func adminToken() throws {
      try fixture.open("v")
      let client = try WireClient.registered(fixture.server, .rpc)
      let request = #"{"type":"inspect_volume_request","id":"v""#
      #expect(try client.request(request + "}")["message"]?.text?.contains("need the field 'admin_token'") == true)
      for wrong in ["", "secre", "secret2", "Secret"] {
        let reply = try client.request(request + ",\"admin_token\":\"\(wrong)\"}")
        #expect(reply["code"]?.integer == 34, "\(reply)")
      }
      #expect(try client.request(request + #","admin_token":"secret"}"#)["volume"]?["id"]?.text == "v")
      try writeFile("\(fixture.directory.path)/vineyard.sock-token", " new\n")
      #expect(try client.request(request + #","admin_token":"secret"}"#)["code"]?.integer == 34)
      #expect(try client.request(request + #","admin_token":"new"}"#)["volume"] != nil)
      let session = try fixture.server.onLoop { $0.store.volumes["v"]?.session.id ?? 0 }
      let register = "{\"type\":\"register_request\",\"version\":\"0.24.2\",\"session_id\":\(session)"
      let remote = try WireClient(fixture.server, .rpc)
      #expect(try remote.request(register + "}")["code"]?.integer == 34)
      #expect(try remote.request(register + #","admin_token":"new"}"#)["session_id"]?.integer == session)
      #expect(try fixture.record("v")?["connections"]?.integer == 1)
    }

    @Test("without a token file nobody is answered over TCP, and is told what to do")
    func noToken() throws {
      let server = try RunningServer()
      let reply = try WireClient.registered(server, .rpc).request(
        #"{"type":"list_volumes_request","admin_token":"x"}"#)
      #expect(reply["code"]?.integer == 34)
      #expect(reply["message"]?.text?.contains("--admin_token_file") == true)
    }

    @Test("/metrics has the limit, use, objects and clients of each volume")
    func metrics() throws {
      let server = try RunningServer { $0.metricsPort = 0 }
      let main = try WireClient.registered(server)
      _ = try main.request(#"{"type":"open_volume_request","id":"v","quota":65536}"#)
      _ = try main.request(#"{"type":"open_volume_request","id":"w"}"#)
      let client = try WireClient.registered(server, path: "\(server.directory)/volumes/v/vineyard.sock")
      _ = try client.sealedBlob(1000)
      let page = try httpExchange("GET /metrics HTTP/1.0\r\n\r\n", port: server.metricsPort).body
      for line in [
        #"vineyard_volume_limit_bytes{volume="v"} 65536"#,
        #"vineyard_volume_limit_bytes{volume="w"} \#(16 * mebibyte)"#,
        #"vineyard_volume_used_bytes{volume="v"} 1000"#, #"vineyard_volume_objects{volume="v"} 0"#,
        #"vineyard_volume_connections{volume="v"} 1"#, #"vineyard_volume_connections{volume="w"} 0"#,
        "vineyard_volumes 2", "vineyard_snapshots 0",
      ] { #expect(page.contains(line + "\n"), "\(line)") }
    }
  }
}
