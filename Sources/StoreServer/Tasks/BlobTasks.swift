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

/// create_buffers and create_remote_buffers: all blobs or none.
struct CreateBuffersTask: RequestTask {
  private let connection: Connection
  /// Whether their bytes come on the connection.
  private let isRemote: Bool
  private var creation: BlobsCreation
  private var payloads: [BlobPayload]?
  private var blobs = NewBlobs()
  private var added = 0
  private var writing = BlobListWriting()
  private var sendsArena = false
  private let count: Int
  /// Whether there is room for the reply.
  private var isAnswerable = false

  init(_ sizes: [UInt64], isRemote: Bool = false, for connection: Connection) {
    self.connection = connection
    self.isRemote = isRemote
    count = sizes.count
    creation = BlobsCreation(sizes, by: connection.client)
  }

  mutating func step(_ handler: RequestHandler) throws(StoreError) -> Disposition? {
    if payloads == nil {
      if !isAnswerable {
        isAnswerable = true
        try handler.requireAnswer(blobs: count)
      }
      guard let created = try creation.step(handler.store) else { return nil }
      handler.store.work.spend(created.count * 4)
      sendsArena = !isRemote && handler.announceArena(to: connection, created)
      // The client expects them in this order, unlike those of blobs that it reads.
      if sendsArena { connection.sortAnnouncedFiles() }
      payloads = isRemote ? created.map(RequestHandler.announced) : created
    }
    guard let payloads else { return nil }
    while added < payloads.count {
      if handler.store.work.isSpent { return nil }
      handler.store.work.spend(32)
      blobs.add(payloads[added])
      added += 1
    }
    guard
      writing.step(handler, payloads, { handler.appendDescriptors(sendsArena, of: connection) }, isRead: false)
    else { return nil }
    let transfer = isRemote ? handler.transfer(of: payloads) : nil
    return handler.whenWarm(blobs, for: connection, sendsArena: sendsArena, transfer: transfer)
  }
}

/// get_buffers and get_remote_buffers: all are given, or none when one is not sealed.
struct GetBuffersTask: RequestTask {
  /// Nil once the ids are known.
  private var reader: NumberListReader?
  private var ids: [ObjectID]
  private var isAnswerable = false
  private let unsafe: Bool
  private let connection: Connection
  /// The part of each whose bytes are sent; nil when they are shown.
  private let sent: SentPart?
  private var checked = 0
  private var next = 0
  private var payloads: [BlobPayload] = []
  private var isRead = false
  private var writing = BlobListWriting()
  private var sendsArena = false

  /// - Parameter sent: the part of each whose bytes are sent; nil when they are shown.
  init(_ ids: [ObjectID], unsafe: Bool, sending sent: SentPart? = nil, for connection: Connection) {
    self.ids = ids
    self.unsafe = unsafe
    self.sent = sent
    self.connection = connection
  }

  private var isRemote: Bool { sent != nil }

  /// Reads the ids in steps, too.
  init(_ reader: NumberListReader, unsafe: Bool, for connection: Connection) {
    self.init([], unsafe: unsafe, for: connection)
    self.reader = reader
  }

  mutating func step(_ handler: RequestHandler) throws(StoreError) -> Disposition? {
    if var reader {
      self.reader = nil
      guard try handler.store.read(&reader) else {
        self.reader = reader
        return nil
      }
      ids = reader.takeIDs()
    }
    // The handler's array is borrowed, so that most requests allocate none.
    if !isAnswerable {
      isAnswerable = true
      try handler.requireAnswer(blobs: ids.count)
      swap(&payloads, &handler.payloads)
    }
    let disposition = try advance(handler)
    if disposition != nil {
      payloads.removeAll(keepingCapacity: payloads.capacity < 4096)
      swap(&payloads, &handler.payloads)
    }
    return disposition
  }

  private mutating func advance(_ handler: RequestHandler) throws(StoreError) -> Disposition? {
    do throws(StoreError) { if try !read(handler.store) { return nil } } catch {
      guard isRemote else { throw error }
      handler.store.endSending(to: connection.client)
      throw StoreError(.keyError, "Failed to get objects: \(error.message)")
    }
    if !isRead {
      isRead = true
      sendsArena = !isRemote && handler.announceArena(to: connection, payloads)
    }
    guard
      writing.step(handler, payloads, { handler.appendDescriptors(sendsArena, of: connection) }, isRead: true)
    else { return nil }
    guard let sent else { return .send(arena: sendsArena) }
    let ranges = payloads.compactMap { sent.range(of: $0) }
    return .transfer(Transfer(direction: .send, ranges: handler.bytes(of: ranges), blobs: [], closing: []))
  }

  /// - Returns: whether all were looked at.
  private mutating func read(_ store: Store) throws(StoreError) -> Bool {
    let client = connection.client
    while checked < ids.count {
      if store.work.isSpent { return false }
      store.work.spend(Work.entry)
      try store.requireReadable(ids[checked], unsafe: unsafe, in: client.session)
      checked += 1
    }
    while next < ids.count {
      if store.work.isSpent { return false }
      let before = payloads.count
      let id = ids[next]
      try store.readBlobs(CollectionOfOne(id), unsafe: unsafe, by: client, into: &payloads, grants: !isRemote)
      next += 1
      if isRemote, payloads.count > before { store.beginSending([id], to: client) }
    }
    return true
  }
}

/// Seals blobs whose bytes have arrived, then confirms them.
struct SealTask: RequestTask {
  private let transfer: Transfer
  private let client: Client
  private var next = 0

  init(_ transfer: Transfer, by client: Client) {
    self.transfer = transfer
    self.client = client
  }

  mutating func step(_ handler: RequestHandler) -> Disposition? {
    while next < transfer.blobs.count {
      if handler.store.work.isSpent { return nil }
      // What was deleted meanwhile need not be sealed.
      try? handler.store.seal(transfer.blobs[next], by: client)
      next += 1
    }
    handler.reply.append(transfer.closing)
    return .reply
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
      part = .numbered
      fallthrough
    case .numbered:
      guard each({ handler.appendNumbered($0, $1) }) else { return false }
      if isRead { reply.field("compress", false) }
      appendDescriptors()
      if !isRead { reply.beginArray("ids") }
      part = .ids
      fallthrough
    case .ids:
      if !isRead {
        guard each({ reply.element($1.id.rawValue) }) else { return false }
        reply.endArray()
      }
      reply.field("num", payloads.count)
      reply.beginArray("payloads")
      part = .payloads
      fallthrough
    case .payloads:
      let isDone = each { _, payload in
        reply.separate()
        reply.append(payload)
      }
      guard isDone else { return false }
      reply.endArray()
      reply.type(isRead ? "get_buffers_reply" : "create_buffers_reply")
      reply.endFrame()
      return true
    }
  }
}

extension RequestHandler {
  /// Makes room for the reply that tells of so many blobs before anything is done for it.
  ///
  /// - Throws: notEnoughMemory when there is none.
  fileprivate func requireAnswer(blobs count: Int) throws(StoreError) {
    try reply.requireRoom(for: 256 + count * RequestMessage.longestBlobEntry)
  }
}
