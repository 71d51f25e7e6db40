import Testing

@testable import StoreServer

extension StoreServerTests {
  /// Section 9 of the protocol notes, with what differs from run to run filled in.
  @Suite("transcripts")
  struct TranscriptTests {
    let server: RunningServer
    let client: WireClient

    init() throws {
      server = try RunningServer()
      client = try WireClient.registered(server)
    }

    @Test("register, status, cluster")
    func connect() throws {
      let fresh = try WireClient(server)
      #expect(
        try fresh.requestText(
          #"{"password":"","session_id":0,"store_type":1,"type":"register_request","username":"","version":"0.24.2"}"#)
          == #"{"instance_id":0,"ipc_socket":"\#(server.socketPath)","rpc_endpoint":"host-a:\#(server.rpcPort)","#
          + #""session_id":0,"store_match":true,"support_rpc_compression":false,"type":"register_reply","#
          + #""version":"0.24.2"}"#)
      #expect(
        try client.requestText(#"{"type":"instance_status_request"}"#)
          == #"{"meta":{"deferred_requests":0,"deployment":"local","instance_id":0,"ipc_connections":2,"#
          + #""memory_limit":16777216,"memory_usage":0,"rpc_connections":0},"type":"instance_status_reply"}"#)
      let record = try #require(client.request(#"{"type":"cluster_meta"}"#)["meta"]?["i0"])
      #expect(record["rpc_endpoint"] == .string("host-a:\(server.rpcPort)"))
      #expect(record["ipc_socket"] == .string(server.socketPath))
      #expect(record["hostid"]?.integer != nil && record["timestamp"]?.integer != nil)
      try fresh.sendFrame(#"{"type":"exit_request"}"#)
      #expect(try fresh.isClosedSilently())
    }

    @Test("[Error] before registering, unknown and missing types")
    func unregistered() throws {
      let fresh = try WireClient(server)
      #expect(
        try fresh.requestText(#"{"type":"clear_request"}"#)
          == #"{"code":1,"message":"The connection is not registered yet, command is: clear_request"}"#)
      #expect(
        try fresh.requestText(#"{"type":"bogus"}"#)
          == #"{"code":1,"message":"The connection is not registered yet, command is: bogus"}"#)
      #expect(
        try client.requestText(#"{"type":"bogus"}"#) == #"{"code":1,"message":"Got unexpected command: bogus"}"#)
      #expect(try fresh.requestText("{}") == #"{"code":1,"message":"Invalid message: no 'type' field"}"#)
      #expect(try fresh.request(WireClient.register)["type"] == .string("register_reply"))
      #expect(try fresh.request(WireClient.register)["type"] == .string("register_reply"))
    }

    @Test("[Error] names, sizes and ids that do not exist")
    func errors() throws {
      #expect(
        try client.requestText(#"{"name":"nope","type":"get_name_request","wait":false}"#)
          == #"{"code":12,"message":"failed to find name: nope"}"#)
      #expect(
        try client.requestText(#"{"type":"create_buffer_request","size":4611686018427387904}"#)
          == #"{"code":41,"message":"Failed to allocate memory of size 4611686018427387904, "#
          + #"total available memory size are 16777216, and 0 are already in use"}"#)
      #expect(
        try client.requestText(#"{"type":"persist_request","id":12345}"#)
          == #"{"code":27,"message":"get subtree failed: o0000000000003039"}"#)
      #expect(try client.requestText(#"{"type":"x","code":12,"message":"m"}"#).hasPrefix(#"{"code":1,"#))
      #expect(
        try client.requestText(#"{"type":"clear_request","code":12,"message":"m"}"#) == #"{"code":12,"message":"m"}"#)
    }

    @Test("[Error] a pattern longer than 4 KiB, which could keep everybody waiting")
    func longPattern() throws {
      for (length, code) in [(4096, nil), (4097, UInt64(1))] as [(Int, UInt64?)] {
        let pattern = String(repeating: "x", count: length)
        for type in ["list_data_request", "list_name_request"] {
          let reply = try client.request("{\"type\":\"\(type)\",\"limit\":5,\"pattern\":\"\(pattern)\"}")
          #expect(reply["code"]?.integer == code)
        }
      }
    }

    @Test("an object is made, read, persisted, named and listed")
    func object() throws {
      let content =
        #"{"global":false,"instance_id":0,"nbytes":0,"transient":true,"type_":"int","#
        + #""typename":"vineyard::Scalar<int>","value_":42}"#
      let created = try client.request(#"{"content":\#(content),"type":"create_data_request"}"#)
      let id = try #require(created["id"]?.integer)
      let signature = try #require(created["signature"]?.integer)
      #expect(created["instance_id"] == .number("0"))
      let get = #"{"id":[\#(id)],"sync_remote":true,"type":"get_data_request","wait":false}"#
      let key = "o" + String(repeating: "0", count: 16 - String(id, radix: 16).count) + String(id, radix: 16)
      let time = try #require(client.request(get)["content"]?[key]?["__timestamp"]?.integer)
      func expected(_ name: String, transient: Bool) -> String {
        #"{"content":{"\#(key)":{\#(name)"__timestamp":\#(time),"global":false,"id":"\#(key)","instance_id":0,"#
          + #""nbytes":0,"signature":\#(signature),"transient":\#(transient),"type_":"int","#
          + #""typename":"vineyard::Scalar<int>","value_":42}},"type":"get_data_reply"}"#
      }
      #expect(try client.requestText(get) == expected("", transient: true))
      #expect(
        try client.requestText(#"{"name":"trans","object_id":\#(id),"type":"put_name_request"}"#)
          == #"{"code":1,"message":"transient objects cannot have name, please persist it first"}"#)
      #expect(try client.requestText(#"{"id":\#(id),"type":"persist_request"}"#) == #"{"type":"persist_reply"}"#)
      #expect(
        try client.requestText(#"{"name":"/vy/arr","object_id":\#(id),"type":"put_name_request"}"#)
          == #"{"type":"put_name_reply"}"#)
      #expect(
        try client.requestText(#"{"name":"/vy/arr","type":"get_name_request","wait":false}"#)
          == #"{"object_id":\#(id),"type":"get_name_reply"}"#)
      #expect(
        try client.requestText(#"{"limit":5,"pattern":"*","regex":false,"type":"list_name_request"}"#)
          == #"{"names":{"/vy/arr":\#(id)},"size":1,"type":"list_name_reply"}"#)
      #expect(try client.requestText(get) == expected(#""__name":"~1vy~1arr","#, transient: false))
      #expect(try client.requestText(#"{"type":"clear_request"}"#) == #"{"type":"clear_reply"}"#)
      #expect(
        try client.requestText(#"{"limit":5,"pattern":"*","regex":false,"type":"list_data_request"}"#)
          == #"{"content":null,"type":"get_data_reply"}"#)
    }

    @Test("a stream from writer to reader, who waits for a chunk and for the end")
    func stream() throws {
      let reader = try WireClient.registered(server)
      #expect(
        try client.requestText(#"{"object_id":7,"type":"create_stream_request"}"#)
          == #"{"type":"create_stream_reply"}"#)
      #expect(
        try client.requestText(#"{"mode":2,"object_id":7,"type":"open_stream_request"}"#)
          == #"{"type":"open_stream_reply"}"#)
      #expect(try client.request(#"{"mode":2,"object_id":7,"type":"open_stream_request"}"#)["code"] == .number("45"))
      try reader.sendFrame(#"{"id":7,"type":"pull_next_stream_chunk_request"}"#)
      try server.waitUntil("the reader waits") { $0.handler.parkedRequests == 1 }
      let first = try client.request(#"{"id":7,"size":100,"type":"get_next_stream_chunk_request"}"#)
      try closeFile(client.receiveArena())
      #expect(!reader.isReadable(within: 20))
      let next = try client.request(#"{"id":7,"size":50,"type":"get_next_stream_chunk_request"}"#)
      #expect(next["fd"] == .number("-1"))
      let chunk = try #require(first["buffer"]?["object_id"]?.integer)
      #expect(
        try reader.receiveText().map { String(decoding: $0, as: UTF8.self) }
          == #"{"chunk":\#(chunk),"type":"pull_next_stream_chunk_reply"}"#)
      #expect(
        try client.requestText(#"{"failed":false,"id":7,"type":"stop_stream_request"}"#)
          == #"{"type":"stop_stream_reply"}"#)
      let pull = #"{"id":7,"type":"pull_next_stream_chunk_request"}"#
      #expect(try reader.request(pull)["chunk"] == next["buffer"]?["object_id"])
      #expect(try reader.requestText(pull) == #"{"code":42,"message":"Stream drained: no more chunks"}"#)
      #expect(try client.requestText(#"{"id":7,"type":"drop_stream_request"}"#) == #"{"type":"drop_stream_reply"}"#)
    }
  }
}
