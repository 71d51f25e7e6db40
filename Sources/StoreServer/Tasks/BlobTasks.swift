import JSON
import StoreCore
import StoreProtocol

/// Requests that do one thing for each of a list of ids.
struct IDListTask: RequestTask {
  private var reader: NumberListReader
  private let type: StaticString
  private let body: (Store, ObjectID) throws(StoreError) -> Void
  private var ids: [ObjectID]?
  private var next = 0

  init(
    _ reader: NumberListReader, _ type: StaticString, _ body: @escaping (Store, ObjectID) throws(StoreError) -> Void
  ) {
    self.reader = reader
    self.type = type
    self.body = body
  }

  mutating func step(_ handler: RequestHandler) throws(StoreError) -> Disposition? {
    let store = handler.store
    if ids == nil {
      guard try store.read(&reader) else { return nil }
      ids = reader.takeIDs()
    }
    guard let ids else { return nil }
    while next < ids.count {
      if store.work.isSpent { return nil }
      store.work.spend(Work.entry)
      try body(store, ids[next])
      next += 1
    }
    handler.reply.reply(type)
    return .reply
  }
}

/// create_buffers with many sizes: all blobs or none.
struct CreateBuffersTask: RequestTask {
  private let sizes: [UInt64]
  private let connection: ClientConnection
  private var payloads: [BlobPayload] = []
  private var blobs = NewBlobs()
  private var writing = BlobListWriting()
  private var sendsArena = false

  init(_ sizes: [UInt64], for connection: ClientConnection) {
    self.sizes = sizes
    self.connection = connection
  }

  mutating func step(_ handler: RequestHandler) throws(StoreError) -> Disposition? {
    let store = handler.store
    do throws(StoreError) {
      while payloads.count < sizes.count {
        if store.work.isSpent { return nil }
        let payload = try store.createBlob(sizes[payloads.count], by: connection.client)
        payloads.append(payload)
        blobs.add(payload)
        if handler.announceArena(to: connection, payload) { sendsArena = true }
      }
    } catch {
      if sendsArena { connection.knowsArena = false }
      store.takeBack(blobs.ids, by: connection.client)
      throw error
    }
    guard writing.step(handler, payloads, { handler.appendDescriptors(sendsArena) }, isRead: false) else { return nil }
    return handler.whenWarm(blobs, sendsArena: sendsArena)
  }
}

/// get_buffers with many ids: all are given, or none when one is not sealed.
struct GetBuffersTask: RequestTask {
  private let ids: [ObjectID]
  private let unsafe: Bool
  private let connection: ClientConnection
  private var checked = 0
  private var next = 0
  private var payloads: [BlobPayload] = []
  private var writing = BlobListWriting()
  private var sendsArena = false

  init(_ ids: [ObjectID], unsafe: Bool, for connection: ClientConnection) {
    self.ids = ids
    self.unsafe = unsafe
    self.connection = connection
  }

  mutating func step(_ handler: RequestHandler) throws(StoreError) -> Disposition? {
    let store = handler.store
    while checked < ids.count {
      if store.work.isSpent { return nil }
      store.work.spend(Work.entry)
      try store.requireReadable(ids[checked], unsafe: unsafe, in: connection.client.session)
      checked += 1
    }
    while next < ids.count {
      if store.work.isSpent { return nil }
      let before = payloads.count
      try store.readBlobs(CollectionOfOne(ids[next]), unsafe: unsafe, by: connection.client, into: &payloads)
      next += 1
      guard payloads.count > before, let payload = payloads.last else { continue }
      if handler.announceArena(to: connection, payload) { sendsArena = true }
    }
    guard writing.step(handler, payloads, { handler.appendDescriptors(sendsArena) }, isRead: true) else { return nil }
    return .send(arena: sendsArena)
  }
}

/// Writes the reply of create_buffers or get_buffers, in steps.
struct BlobListWriting {
  private enum Part {
    case start, numbered, ids, payloads
  }

  private var part = Part.start
  private var next = 0

  /// - Returns: whether the reply is complete.
  mutating func step(
    _ handler: RequestHandler, _ payloads: [BlobPayload], _ appendDescriptors: () -> Void, isRead: Bool
  ) -> Bool {
    let (work, reply) = (handler.store, handler.reply)
    func each(_ body: (Int, BlobPayload) -> Void) -> Bool {
      while next < payloads.count {
        if work.work.isSpent { return false }
        let before = reply.count
        body(next, payloads[next])
        work.work.spend(reply.count - before)
        next += 1
      }
      next = 0
      return true
    }
    switch part {
    case .start:
      reply.beginFrame()
      reply.append("{")
      part = .numbered
      fallthrough
    case .numbered:
      guard each({ handler.appendNumbered($0, $1) }) else { return false }
      if isRead { reply.append("\"compress\":false,") }
      appendDescriptors()
      reply.append(isRead ? "" : ",\"ids\":[")
      part = .ids
      fallthrough
    case .ids:
      if !isRead {
        let isDone = each { index, payload in
          if index > 0 { reply.append(",") }
          reply.append(decimal: payload.id.rawValue)
        }
        guard isDone else { return false }
        reply.append("]")
      }
      reply.append(",\"num\":")
      reply.append(decimal: payloads.count)
      reply.append(",\"payloads\":[")
      part = .payloads
      fallthrough
    case .payloads:
      let isDone = each { index, payload in
        if index > 0 { reply.append(",") }
        reply.append(payload)
      }
      guard isDone else { return false }
      reply.append(isRead ? "],\"type\":\"get_buffers_reply\"}" : "],\"type\":\"create_buffers_reply\"}")
      reply.endFrame()
      return true
    }
  }
}
