import Glibc
import Testing

extension StoreServerTests {
  @Suite("the arena's descriptor")
  struct DescriptorTests {
    let server: RunningServer

    init() throws { server = try RunningServer() }

    @Test("follows the first reply with a blob: one byte, 0x14, with one descriptor, and nothing else")
    func bytes() throws {
      let client = try WireClient.registered(server)
      let reply = try client.request(#"{"type":"create_buffer_request","size":100}"#)
      #expect(reply["fd"] == reply["created"]?["store_fd"])
      let (bytes, files) = try client.receiveDescriptors()
      #expect(bytes == [0x14])
      #expect(files.count == 1)
      for file in files { close(file) }
      #expect(!client.isReadable(within: 20))
    }

    @Test("comes once per connection, whatever asks next")
    func once() throws {
      let client = try WireClient.registered(server)
      _ = try client.request(#"{"type":"create_buffers_request","sizes":[10,20],"num":2}"#)
      close(try client.receiveArena())
      #expect(try client.request(#"{"type":"create_buffer_request","size":100}"#)["fd"] == .number("-1"))
      #expect(try client.request(#"{"type":"create_buffers_request","sizes":[5],"num":1}"#)["fds"] == .array([]))
      let second = try WireClient.registered(server)
      #expect(try second.request(#"{"type":"create_buffer_request","size":100}"#)["fd"] != .number("-1"))
      close(try second.receiveArena())
    }

    @Test("does not come for the empty blob, nor for an allocation that fails")
    func needless() throws {
      let client = try WireClient.registered(server)
      #expect(
        try client.requestText(#"{"type":"create_buffer_request","size":0}"#)
          == #"{"created":{"data_offset":0,"data_size":0,"is_gpu":false,"is_owner":true,"is_sealed":false,"#
          + #""map_size":0,"object_id":9223372036854775808,"pointer":0,"store_fd":-1},"fd":-1,"#
          + #""id":9223372036854775808,"type":"create_buffer_reply"}"#)
      #expect(try client.request(#"{"type":"create_buffer_request","size":999999999}"#)["code"] == .number("41"))
      #expect(!client.isReadable(within: 20))
      #expect(try client.request(#"{"type":"create_buffer_request","size":1}"#)["fd"] != .number("-1"))
      close(try client.receiveArena())
    }

    @Test("does not come over RPC")
    func remote() throws {
      let client = try WireClient.registered(server, .rpc)
      #expect(try client.request(#"{"type":"create_buffer_request","size":100}"#)["fd"] == .number("-1"))
      #expect(!client.isReadable(within: 20))
    }

    @Test("maps map_size - 8 bytes, where one client reads at data_offset what another wrote")
    func mapping() throws {
      let writer = try WireClient.registered(server)
      let created = try writer.request(#"{"type":"create_buffer_request","size":5000}"#)
      let (offset, length) = try place(created["created"])
      #expect(offset % 64 == 0)
      try withMapping(writer.receiveArena(), length) { memory in
        for index in 0..<5000 { memory[offset + index] = UInt8(truncatingIfNeeded: index) }
      }
      let id = try #require(created["id"]?.integer)
      #expect(try writer.requestText("{\"type\":\"seal_request\",\"object_id\":\(id)}") == #"{"type":"seal_reply"}"#)
      let reader = try WireClient.registered(server)
      let read = try reader.request("{\"type\":\"get_buffers_request\",\"ids\":[\(id)]}")
      #expect(read["fds"]?.elements.count == 1)
      #expect(read["0"] == read["payloads"]?[0])
      try withMapping(reader.receiveArena(), length) { memory in
        #expect((0..<5000).allSatisfy { memory[offset + $0] == UInt8(truncatingIfNeeded: $0) })
      }
    }
  }
}
