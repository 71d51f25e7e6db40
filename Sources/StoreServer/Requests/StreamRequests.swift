import JSON
import StoreCore
import StoreProtocol

/// Streams of chunks between a writer and a reader.
extension RequestHandler {
  func createStream(_ client: Client) throws(StoreError) -> Disposition {
    try store.createStream(try message.objectID("object_id"), in: client.session, of: client.volume)
    reply.reply("create_stream_reply")
    return .reply
  }

  func openStream(_ client: Client) throws(StoreError) -> Disposition {
    guard let mode = StreamMode(rawValue: try message.integer("mode")) else {
      throw StoreError(.invalid, "the mode of a stream is 1 (read) or 2 (write)")
    }
    try store.openStream(try message.objectID("object_id"), mode, in: client.session)
    reply.reply("open_stream_reply")
    return .reply
  }

  func getNextStreamChunk(_ connection: Connection) throws(StoreError) -> Disposition {
    let id = try message.objectID("id")
    let creation = StreamChunkCreation(of: id, size: try message.integer("size"), by: connection.client)
    return try start(creation) { (handler, outcome) in
      switch outcome {
      case .park(let key): return .park(key)
      case .done(let payload):
        let sendsArena = handler.announceArena(to: connection, payload)
        handler.reply.frame {
          $0.field("buffer", payload)
          handler.appendDescriptor(sendsArena, payload)
          $0.type("get_next_stream_chunk_reply")
        }
        return handler.whenWarm(payload, for: connection, sendsArena: sendsArena)
      }
    }
  }

  func pushNextStreamChunk(_ client: Client) throws(StoreError) -> Disposition {
    try store.pushStreamChunk(try message.objectID("id"), chunk: try message.objectID("chunk"), by: client)
    reply.reply("push_next_stream_chunk_reply")
    return .reply
  }

  func pullNextStreamChunk(_ client: Client) throws(StoreError) -> Disposition {
    switch try store.pullStreamChunk(try message.objectID("id"), by: client) {
    case .park(let key): return .park(key)
    case .done(let chunk):
      reply.frame {
        $0.field("chunk", chunk.rawValue)
        $0.type("pull_next_stream_chunk_reply")
      }
      return .reply
    }
  }

  func stopStream(_ client: Client) throws(StoreError) -> Disposition {
    try store.stopStream(try message.objectID("id"), failed: try message.boolean("failed"), by: client)
    reply.reply("stop_stream_reply")
    return .reply
  }

  func dropStream(_ client: Client) throws(StoreError) -> Disposition {
    try store.dropStream(try message.objectID("id"), by: client)
    reply.reply("drop_stream_reply")
    return .reply
  }
}
