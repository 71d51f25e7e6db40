import Glibc
import Testing

extension StoreServerTests {
  @Suite("put_object and release_blobs")
  struct PutObjectTests {
    let server: RunningServer
    let client: WireClient

    init() throws {
      server = try RunningServer()
      client = try WireClient(server)
      let register = #"{"type":"register_request","version":"0.24.2","extensions":true,"releases_blobs":true}"#
      let reply = try client.request(register)
      #expect(reply["extensions"] == .array([.string("put_object_request"), .string("release_blobs_request")]))
    }

    private func used() throws -> JSON? {
      try WireClient.registered(server).request(#"{"type":"instance_status_request"}"#)["meta"]?["memory_usage"]
    }

    private func put(_ fields: String, _ members: String = "") throws -> JSON {
      let content = #"{"typename":"t","instance_id":0\#(members)}"#
      return try client.request(#"{"type":"put_object_request","content":\#(content)\#(fields)}"#)
    }

    private func member(_ blob: UInt64) -> String {
      let digits = String(blob, radix: 16)
      return #","b":{"id":"o\#(digits)","instance_id":0,"typename":"vineyard::Blob"}"#
    }

    @Test("the register reply tells of extensions only to who asks")
    func unasked() throws {
      let other = try WireClient(server)
      #expect(try other.request(WireClient.register)["extensions"] == nil)
    }

    @Test("an object with its blob, persisted and named, takes one message")
    func whole() throws {
      let created = try client.request(#"{"type":"create_buffer_request","size":100}"#)
      close(try client.receiveArena())
      let blob = try #require(created["id"]?.integer)
      let reply = try put(#","seals":[\#(blob)],"persist":true,"name":"n""#, member(blob))
      #expect(reply["type"] == .string("put_object_reply"))
      #expect(reply["created"] == nil && reply["signature"] != nil)
      let other = try WireClient.registered(server)
      #expect(try other.request(#"{"type":"get_name_request","name":"n","wait":false}"#)["object_id"] == reply["id"])
      let id = try #require(reply["id"]?.integer)
      #expect(try other.request(#"{"type":"if_persist_request","id":\#(id)}"#)["persist"] == .bool(true))
      #expect(try other.request(#"{"type":"get_buffers_request","ids":[\#(blob)]}"#)["payloads"]?.elements.count == 1)
    }

    @Test("a blob is reserved along with the reply, stays until it is sealed or dropped, and goes with the client")
    func reserve() throws {
      let before = try used()
      let first = try put(#","reserve":1000"#)
      #expect(first["created"]?["data_size"] == .number("1000") && first["created"]?["is_sealed"] == .bool(false))
      #expect(first["fd"] != .number("-1"))
      close(try client.receiveArena())
      let blob = try #require(first["created"]?["object_id"]?.integer)
      // Another thread of the client may be writing to the first one.
      let second = try put(#","reserve":1000"#)
      #expect(second["fd"] == .number("-1") && second["created"]?["object_id"] != first["created"]?["object_id"])
      #expect(try put(#","seals":[\#(blob)]"#, member(blob))["code"] == nil)
      #expect(try client.request(#"{"type":"get_buffers_request","ids":[\#(blob)]}"#)["payloads"]?.elements.count == 1)
      let unwanted = try #require(second["created"]?["object_id"]?.integer)
      let both = try used()
      #expect(try client.request(#"{"type":"drop_buffer_request","id":\#(unwanted)}"#)["code"] == nil)
      #expect(try used() != both)
      _ = try put(#","reserve":1000"#)
      client.close()
      let alone = try WireClient.registered(server)
      _ = try alone.request(#"{"type":"clear_request"}"#)
      var tries = 0
      while try used() != before, tries < 1000 { tries += 1 }
      #expect(tries < 1000)
    }

    @Test(
      "nothing large is reserved, and nothing where there is no room",
      arguments: [0, 65_537, 1 << 40])
    func unreserved(size: Int) throws {
      #expect(try put(#","reserve":\#(size)"#)["created"] == nil)
    }

    @Test(
      "a message that makes no sense is refused",
      arguments: [
        #","seals":[1.5]"#, #","seals":7"#, #","seals":[9223372036854775809]"#, #","persist":1"#, #","name":5"#,
        #","reserve":"x""#, #","persist":false,"name":"n""#,
      ])
    func refused(fields: String) throws {
      #expect(try put(fields)["code"] != nil)
      #expect(try client.request(#"{"type":"put_object_request"}"#)["code"] == .number("1"))
      #expect(try client.request(#"{"type":"put_object_request","content":[]}"#)["code"] == .number("1"))
    }

    @Test("claims on many blobs end with one message, whatever else it names")
    func release() throws {
      let created = try client.request(#"{"type":"create_buffers_request","sizes":[10,20],"num":2}"#)
      close(try client.receiveArena())
      let blobs = try ["0", "1"].map { try #require(created[$0]?["object_id"]?.integer) }
      for blob in blobs { _ = try client.request(#"{"type":"seal_request","object_id":\#(blob)}"#) }
      let reader = try WireClient.registered(server)
      _ = try reader.request(#"{"type":"get_buffers_request","ids":[\#(blobs[0]),\#(blobs[1])]}"#)
      close(try reader.receiveArena())
      client.close()
      let list = #"{"type":"release_blobs_request","ids":[\#(blobs[0]),77,\#(blobs[1])]}"#
      #expect(try reader.requestText(list) == #"{"type":"release_blobs_reply"}"#)
      for blob in blobs {
        let asked = #"{"type":"is_in_use_request","id":\#(blob)}"#
        var tries = 0
        while try reader.request(asked)["is_in_use"] == .bool(true), tries < 1000 { tries += 1 }
        #expect(tries < 1000)
      }
      #expect(try reader.request(#"{"type":"release_blobs_request"}"#)["code"] == .number("1"))
    }
  }
}
