import Glibc
import Testing

@testable import StoreServer

extension StoreServerTests {
  @Suite("the sockets of a volume")
  struct VolumeSocketTests {
    let fixture: VolumeFixture

    init() throws {
      fixture = try VolumeFixture()
      try fixture.open("v", #""quota":1048576"#)
    }

    private func mode(_ path: String) -> mode_t? {
      var status = stat()
      return lstat(path, &status) == 0 ? status.st_mode & 0o777 : nil
    }

    @Test("directories and sockets have the modes that pods need, the document is for the store")
    func modes() throws {
      #expect(mode("\(fixture.directory.path)/volumes") == 0o700)
      for (name, expected) in [
        ("", mode_t(0o755)), ("/vineyard.sock", 0o666), ("/read-only", 0o755), ("/read-only/vineyard.sock", 0o666),
      ] { #expect(mode(fixture.volumePath("v") + name) == expected, "\(name)") }
      #expect(mode("\(fixture.directory.path)/volumes/~documents") == 0o700)
      #expect(mode(fixture.documentPath("v")) == 0o600)
    }

    @Test("what a pod that may write has removed or replaced is there again when somebody asks after the volume")
    func repaired() throws {
      let before = try fixture.client(of: "v")
      let blob = try before.sealedBlob(1000)
      let directory = fixture.volumePath("v")
      unlink("\(directory)/vineyard.sock")
      unlink(fixture.documentPath("v"))
      rename("\(directory)/read-only/vineyard.sock", "\(directory)/read-only/elsewhere")
      symlink("/dev/null", "\(directory)/read-only/vineyard.sock")
      #expect(try fixture.record("v")?["used"]?.integer == 1000)
      for readOnly in [false, true] { #expect(try fixture.client(of: "v", readOnly: readOnly).exists(blob)) }
      #expect(try before.exists(blob))
      #expect(fixture.server.log.contains { $0.contains("removed files of volume v") })
      try fixture.restart()
      #expect(try fixture.record("v")?["quota"]?.integer == mebibyte)
      #expect(try fixture.ask("delete_volume", "v")["deleted"] == .bool(true))
    }

    @Test("clients are told of the volume only: its socket, its session, its memory")
    func facts() throws {
      let client = try WireClient(fixture.server, path: "\(fixture.volumePath("v"))/vineyard.sock")
      let registered = try client.request(WireClient.register)
      #expect(registered["ipc_socket"]?.text == "\(fixture.volumePath("v"))/vineyard.sock")
      #expect(registered["rpc_endpoint"]?.text == "0.0.0.0:0" && registered["session_id"]?.integer != 0)
      _ = try client.sealedBlob(1000)
      let status = try client.request(#"{"type":"instance_status_request"}"#)["meta"]
      #expect(status?["memory_limit"]?.integer == mebibyte && status?["memory_usage"]?.integer == 1000)
      #expect(status?["ipc_connections"]?.integer == 1)
      let cluster = try client.request(#"{"type":"cluster_meta"}"#)["meta"]?["i0"]
      #expect(cluster?["rpc_endpoint"]?.text == "0.0.0.0:0")
      #expect(cluster?["ipc_socket"]?.text == "\(fixture.volumePath("v"))/vineyard.sock")
      let outside = try fixture.main.request(#"{"type":"instance_status_request"}"#)["meta"]
      #expect(outside?["memory_limit"]?.integer == 16 * mebibyte && outside?["ipc_connections"]?.integer == 2)
    }

    @Test(
      "[Error] requests that lead out of the volume",
      arguments: [
        "new_session", "delete_session", "list_volumes", "open_volume", "inspect_volume", "resize_volume",
        "freeze_volume", "delete_volume", "create_snapshot", "delete_snapshot",
      ])
    func requestsThatLeadOut(request: String) throws {
      let client = try fixture.client(of: "v")
      let reply = try client.request(
        "{\"type\":\"\(request)_request\",\"id\":\"v\",\"quota\":0,\"frozen\":true,\"source\":\"v\"}")
      #expect(reply["code"]?.integer == 6, "\(reply)")
      #expect(try fixture.record("v")?["frozen"] == .bool(false))
    }

    @Test("[Error] requests about volumes on the socket of a child session")
    func childSession() throws {
      let path = try #require(try fixture.main.request(#"{"type":"new_session_request"}"#)["socket_path"]?.text)
      let reply = try WireClient.registered(fixture.server, path: path).request(#"{"type":"list_volumes_request"}"#)
      #expect(reply["code"]?.integer == 6)
      #expect(reply["message"]?.text?.contains("main socket") == true)
    }

    @Test("read-only clients get a descriptor that cannot be written through, and no request of theirs writes")
    func readOnly() throws {
      let writer = try fixture.client(of: "v")
      let blob = try writer.sealedBlob(1000)
      let reader = try fixture.client(of: "v", readOnly: true)
      _ = try reader.request("{\"type\":\"get_buffers_request\",\"ids\":[\(blob)]}")
      let file = try reader.receiveArena()
      defer { close(file) }
      #expect(fcntl(file, F_GETFL) & O_ACCMODE == O_RDONLY)
      let writable = mmap(nil, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0)
      #expect(writable == UnsafeMutableRawPointer(bitPattern: -1))
      let readable = mmap(nil, 4096, PROT_READ, MAP_SHARED, file, 0)
      #expect(readable != UnsafeMutableRawPointer(bitPattern: -1))
      munmap(readable, 4096)
      for request in [
        #"{"type":"create_buffer_request","size":1}"#, #"{"type":"clear_request"}"#,
        "{\"type\":\"del_data_request\",\"id\":[\(blob)]}", "{\"type\":\"drop_buffer_request\",\"id\":\(blob)}",
        #"{"type":"put_name_request","name":"n","object_id":1}"#, #"{"type":"acquire_lock_request","key":"k"}"#,
      ] {
        let reply = try reader.request(request)
        #expect(reply["code"]?.integer == 6, "\(reply)")
        #expect(reply["message"]?.text?.contains("volume 'v' is read-only") == true, "\(reply)")
      }
      #expect(try writer.exists(blob) && reader.exists(blob))
    }

    @Test("a frozen volume is read-only for everybody, until it thaws")
    func frozen() throws {
      let client = try fixture.client(of: "v")
      let blob = try client.sealedBlob(1000)
      #expect(try fixture.ask("freeze_volume", "v", #""frozen":true"#)["volume"]?["frozen"] == .bool(true))
      #expect(try client.request(#"{"type":"clear_request"}"#)["message"]?.text?.contains("read-only") == true)
      #expect(try client.exists(blob))
      _ = try fixture.ask("freeze_volume", "v", #""frozen":false"#)
      #expect(try client.request(#"{"type":"clear_request"}"#)["code"] == nil)
      #expect(try !client.exists(blob))
    }

    @Test("a directory whose path is longer than an address of a socket serves all the same")
    func longPath() throws {
      let id = String(repeating: "long-", count: 25)
      try fixture.open(id)
      let directory = open(fixture.volumePath(id), O_RDONLY | O_DIRECTORY)
      defer { close(directory) }
      for name in ["vineyard.sock", "read-only/vineyard.sock"] {
        let client = try WireClient.registered(fixture.server, path: "/proc/self/fd/\(directory)/\(name)")
        #expect(try client.request(#"{"type":"instance_status_request"}"#)["meta"] != nil)
      }
      #expect(try fixture.ask("delete_volume", id)["deleted"] == .bool(true))
      #expect(fixture.volumeNames == ["v"])
    }
  }
}
