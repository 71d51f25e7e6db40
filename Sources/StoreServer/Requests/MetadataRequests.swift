import JSON
import MetadataBackend
import StoreCore
import StoreProtocol

/// Objects and their metadata.
extension RequestHandler {
  func createData(_ client: Client) throws(StoreError) -> Disposition {
    let span = try requiredSpan("content")
    guard span.kind == .object else { throw MetadataDocument.notAnObject }
    return try start(CreateDataTask(message.bytes, span, by: client))
  }

  func createDatas(_ client: Client) throws(StoreError) -> Disposition {
    let span = try requiredSpan("contents")
    guard span.kind == .array else {
      throw StoreError(
        .invalid, "Failed to parse the JSON message: field 'contents' must be an array of objects")
    }
    return try start(CreateDataTask(message.bytes, span, by: client))
  }

  private func requiredSpan(_ name: StaticString) throws(StoreError) -> JSONSpan {
    guard let span = message.span(name) else {
      throw StoreError(.invalid, "Failed to parse the JSON message: field '\(name)' is missing")
    }
    return span
  }

  /// Objects that one request may create, members not counted.
  private static let mostCreated = 1 << 18

  func requireCreatable(_ count: Int) throws(StoreError) {
    if count > Self.mostCreated {
      throw StoreError(.invalid, "a request may create \(Self.mostCreated) objects, this one has \(count)")
    }
  }

  func writeCreated(_ created: CreatedObject) {
    reply.frame {
      $0.field("id", created.id.rawValue)
      $0.field("instance_id", created.instance)
      $0.field("signature", created.signature)
      $0.type("create_data_reply")
    }
  }

  func writeCreated(_ created: [CreatedObject]) {
    reply.frame { reply in
      reply.array("ids", created) { reply.append(decimal: $0.id.rawValue) }
      reply.array("instance_ids", created) { reply.append(decimal: $0.instance) }
      reply.field("num", created.count)
      reply.array("signatures", created) { reply.append(decimal: $0.signature) }
      reply.type("create_datas_reply")
    }
  }

  /// A client of this machine sees what other stores have as this store's; one that gets bytes over TCP sees where they
  /// are.
  func getData(_ connection: Connection) throws(StoreError) -> Disposition {
    let session = connection.client.session
    let seesCopies = connection.kind == .ipc && store.keepsChanges && session.isShared
    let reader = try NumberListReader(message, "id")
    let waits = try message.boolean("wait", default: false)
    _ = try message.boolean("sync_remote", default: false)
    return try start(GetDataTask(reader, waits: waits, by: connection.client, showsCopies: seesCopies))
  }

  /// Bytes of the longest pattern: reading one may take time that grows with the square of its length.
  private static let longestPattern = 4096

  private func pattern() throws(StoreError) -> TextPattern {
    let text = try message.string("pattern")
    guard text.utf8.count <= Self.longestPattern else {
      throw StoreError(.invalid, "a pattern may have \(Self.longestPattern) bytes, this one has \(text.utf8.count)")
    }
    return try message.boolean("regex", default: false) ? .regularExpression(text) : .wildcard(text)
  }

  func listData(_ client: Client) throws(StoreError) -> Disposition {
    let limit = try message.integer("limit")
    let listing = ObjectListing(try pattern(), limit: limit, in: client.session)
    return try start(GetDataTask(listing, by: client))
  }

  func deleteData(_ connection: Connection, reports: Bool) throws(StoreError) -> Disposition {
    var options = DeleteTask.Options()
    let reader = try NumberListReader(message, "id")
    options.force = try message.boolean("force", default: false)
    options.deep = try message.boolean("deep", default: false)
    options.trims = try message.boolean("memory_trim", default: false)
    options.isFast = try message.boolean("fastpath", default: false)
    options.reports = reports
    return try start(DeleteTask(reader, options, by: connection))
  }

  func exists(_ client: Client) throws(StoreError) -> Disposition {
    let id = try message.objectID("id")
    if let held = asks(about: id, client) { return delay(held) { $0.exists(id, client) } }
    return exists(id, client)
  }

  private func exists(_ id: ObjectID, _ client: Client) -> Disposition {
    store.clearSuspicion(CollectionOfOne(id), in: client.session)
    let exists = store.exists(id, in: client.session)
    reply.frame {
      $0.field("exists", exists)
      $0.type("exists_reply")
    }
    return .reply
  }

  func persist(_ client: Client) throws(StoreError) -> Disposition {
    let id = try message.objectID("id")
    if let held = asks(about: id, client) {
      return delay(held) { handler throws(StoreError) in try handler.persist(id, client) }
    }
    return try persist(id, client)
  }

  private func persist(_ id: ObjectID, _ client: Client) throws(StoreError) -> Disposition {
    try start(PlainTask(try Persisting(id, by: client, in: store), "persist_reply"))
  }

  func ifPersist(_ client: Client) throws(StoreError) -> Disposition {
    let id = try message.objectID("id")
    return try knowing(id, client) { handler throws(StoreError) in try handler.ifPersist(id, client) }
  }

  private func ifPersist(_ id: ObjectID, _ client: Client) throws(StoreError) -> Disposition {
    let isPersistent = try store.isPersistent(id, in: client.session)
    reply.frame {
      $0.field("persist", isPersistent)
      $0.type("if_persist_reply")
    }
    return .reply
  }

  func label(_ client: Client) throws(StoreError) -> Disposition {
    let keys = try message.strings("keys")
    let values = try message.strings("values")
    guard keys.count == values.count else {
      throw StoreError(.invalid, "there are \(keys.count) keys but \(values.count) values")
    }
    let id = try message.objectID("id")
    return try knowing(id, client) { handler throws(StoreError) in
      let labelling = try Labelling(id, keys: keys, values: values, by: client, handler.store)
      return try handler.start(PlainTask(labelling, "label_reply"))
    }
  }

  func clear(_ client: Client) throws(StoreError) -> Disposition {
    if let volume = client.volume {
      return try start(PlainTask(VolumeClearing(volume, by: client), "clear_reply"))
    }
    return try start(PlainTask(Clearing(client.session, by: client), "clear_reply"))
  }

  /// Gives back what can be: the client's views of deleted objects, then pages that nobody uses.
  func memoryTrim(_ client: Client) throws(StoreError) -> Disposition {
    try start(TrimTask(StaleGrants(of: client)))
  }

  func trim() -> Disposition {
    let trimmed = trimMemory()
    reply.frame {
      $0.field("trimmed", trimmed)
      $0.type("memory_trim_reply")
    }
    return trimmed ? .afterTrim : .reply
  }

  func shallowCopy(_ client: Client) throws(StoreError) -> Disposition {
    var extra: JSONSpan?
    if let span = message.span("extra"), span.kind != .null {
      guard span.kind == .object else { throw MetadataDocument.notAnObject }
      extra = span
    }
    let (id, bytes) = (try message.objectID("id"), message.bytes)
    return try knowing(id, client) { [extra] handler throws(StoreError) in
      try handler.start(ShallowCopyTask(id, bytes, extra, by: client))
    }
  }

  // MARK: - Names

  func putName(_ client: Client) throws(StoreError) -> Disposition {
    let (name, id) = (try message.newName("name"), try message.objectID("object_id"))
    if let held = asks(about: id, client) {
      return delay(held) { handler throws(StoreError) in try handler.putName(name, id, client) }
    }
    return try putName(name, id, client)
  }

  private func putName(_ name: String, _ id: ObjectID, _ client: Client) throws(StoreError) -> Disposition {
    try store.putName(name, to: id, by: client)
    reply.reply("put_name_reply")
    return .reply
  }

  func getName(_ client: Client) throws(StoreError) -> Disposition {
    let (name, waits) = (try message.string("name"), try message.boolean("wait"))
    if let held = ask([.name(session: client.session.id, name)], for: client) {
      return .wait(GetNameTask(name: name, waits: waits, client: client), held)
    }
    return try getName(name, wait: waits, client)
  }

  func getName(_ name: String, wait: Bool, _ client: Client) throws(StoreError) -> Disposition {
    switch try store.getName(name, wait: wait, by: client) {
    case .park(let key): return .park(key)
    case .done(let id):
      reply.frame {
        $0.field("object_id", id.rawValue)
        $0.type("get_name_reply")
      }
      return .reply
    }
  }

  func listName(_ client: Client) throws(StoreError) -> Disposition {
    let limit = try message.integer("limit")
    return try start(ListNameTask(NameListing(try pattern(), limit: limit, in: client.session)))
  }

  func dropName(_ client: Client) throws(StoreError) -> Disposition {
    store.dropName(try message.string("name"), by: client)
    reply.reply("drop_name_reply")
    return .reply
  }
}
