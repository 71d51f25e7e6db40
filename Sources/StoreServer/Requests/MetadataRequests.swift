import JSON
import StoreCore
import StoreProtocol

/// Objects and their metadata.
extension RequestHandler {
  func createData(_ client: Connection) throws(StoreError) -> Disposition {
    let document = try MetadataDocument(message.bytes, try requiredSpan("content"))
    let created = try store.createObjects([document], by: client)[0]
    reply.beginFrame()
    reply.append("{\"id\":")
    reply.append(decimal: created.id.rawValue)
    reply.append(",\"instance_id\":")
    reply.append(decimal: created.instance)
    reply.append(",\"signature\":")
    reply.append(decimal: created.signature)
    reply.append(",\"type\":\"create_data_reply\"}")
    reply.endFrame()
    return .reply
  }

  private func requiredSpan(_ name: StaticString) throws(StoreError) -> JSONSpan {
    guard let span = message.span(name) else {
      throw StoreError(.invalid, "Failed to parse the JSON message: field '\(name)' is missing")
    }
    return span
  }

  func createDatas(_ client: Connection) throws(StoreError) -> Disposition {
    var spans: [JSONSpan] = []
    try message.forEachElement("contents", "must be an array of objects") { span in
      spans.append(span)
      return span.kind == .object
    }
    var documents: [MetadataDocument] = []
    for span in spans { documents.append(try MetadataDocument(message.bytes, span)) }
    let created = try store.createObjects(documents, by: client)
    reply.beginFrame()
    reply.append("{\"ids\":[")
    reply.list(created) { reply.append(decimal: $0.id.rawValue) }
    reply.append("],\"instance_ids\":[")
    reply.list(created) { reply.append(decimal: $0.instance) }
    reply.append("],\"num\":")
    reply.append(decimal: created.count)
    reply.append(",\"signatures\":[")
    reply.list(created) { reply.append(decimal: $0.signature) }
    reply.append("],\"type\":\"create_datas_reply\"}")
    reply.endFrame()
    return .reply
  }

  func getData(_ client: Connection) throws(StoreError) -> Disposition {
    let ids = try message.objectIDs("id")
    let wait = try message.boolean("wait", default: false)
    _ = try message.boolean("sync_remote", default: false)
    store.clearSuspicion(ids, in: client.session)
    if wait, ids.contains(where: { !store.isReadable($0, in: client.session) }) {
      return .park(.objects(session: client.session.id))
    }
    try writeContent(ids, client)
    return .reply
  }

  private func writeContent(_ ids: [ObjectID], _ client: Connection) throws(StoreError) {
    reply.beginFrame()
    reply.append("{\"content\":{")
    if try store.render(ids, in: client.session, into: reply) == 0 {
      reply.truncate(to: reply.count - 1)
      reply.append("null")
    } else {
      reply.append("}")
    }
    reply.append(",\"type\":\"get_data_reply\"}")
    reply.endFrame()
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

  func listData(_ client: Connection) throws(StoreError) -> Disposition {
    let limit = try message.integer("limit")
    try writeContent(store.listObjects(try pattern(), limit: limit, in: client.session), client)
    return .reply
  }

  /// Deletes what the request names; the reply waits while freed pages are given back, if that was asked for.
  private func delete(_ client: Connection) throws(StoreError) -> (blobs: [ObjectID], isTrimming: Bool) {
    let ids = try message.objectIDs("id")
    let force = try message.boolean("force", default: false)
    let deep = try message.boolean("deep", default: false)
    let trim = try message.boolean("memory_trim", default: false)
    let blobs =
      try message.boolean("fastpath", default: false)
      ? try store.deleteBlobs(ids, by: client) : store.delete(ids, force: force, deep: deep, by: client)
    return (blobs, trim && trimMemory())
  }

  func deleteData(_ client: Connection) throws(StoreError) -> Disposition {
    let isTrimming = try delete(client).isTrimming
    reply.reply("del_data_reply")
    return isTrimming ? .afterTrim : .reply
  }

  func deleteDataWithFeedbacks(_ client: Connection) throws(StoreError) -> Disposition {
    let (blobs, isTrimming) = try delete(client)
    reply.beginFrame()
    reply.append("{\"deleted_bids\":[")
    reply.list(blobs) { reply.append(decimal: $0.rawValue) }
    reply.append("],\"type\":\"del_data_with_feedbacks_reply\"}")
    reply.endFrame()
    return isTrimming ? .afterTrim : .reply
  }

  func exists(_ client: Connection) throws(StoreError) -> Disposition {
    let id = try message.objectID("id")
    store.clearSuspicion(CollectionOfOne(id), in: client.session)
    let exists = store.exists(id, in: client.session)
    reply.beginFrame()
    reply.append(exists ? "{\"exists\":true" : "{\"exists\":false")
    reply.append(",\"type\":\"exists_reply\"}")
    reply.endFrame()
    return .reply
  }

  func persist(_ client: Connection) throws(StoreError) -> Disposition {
    try store.persist(try message.objectID("id"), by: client)
    reply.reply("persist_reply")
    return .reply
  }

  func ifPersist(_ client: Connection) throws(StoreError) -> Disposition {
    let isPersistent = try store.isPersistent(try message.objectID("id"), in: client.session)
    reply.beginFrame()
    reply.append(isPersistent ? "{\"persist\":true" : "{\"persist\":false")
    reply.append(",\"type\":\"if_persist_reply\"}")
    reply.endFrame()
    return .reply
  }

  func label(_ client: Connection) throws(StoreError) -> Disposition {
    let keys = try message.strings("keys")
    let values = try message.strings("values")
    guard keys.count == values.count else {
      throw StoreError(.invalid, "there are \(keys.count) keys but \(values.count) values")
    }
    try store.label(try message.objectID("id"), Array(zip(keys, values)), in: client.session)
    reply.reply("label_reply")
    return .reply
  }

  func clear(_ client: Connection) -> Disposition {
    if let volume = client.volume {
      store.clear(volume, by: client)
    } else {
      store.clear(client.session, by: client)
    }
    reply.reply("clear_reply")
    return .reply
  }

  /// Gives back what can be: the client's views of deleted objects, then pages that nobody uses.
  func memoryTrim(_ client: Connection) -> Disposition {
    store.endStaleGrants(of: client)
    let trimmed = trimMemory()
    reply.beginFrame()
    reply.append(trimmed ? "{\"trimmed\":true" : "{\"trimmed\":false")
    reply.append(",\"type\":\"memory_trim_reply\"}")
    reply.endFrame()
    return trimmed ? .afterTrim : .reply
  }

  func shallowCopy(_ client: Connection) throws(StoreError) -> Disposition {
    var extra: [(key: [UInt8], value: [UInt8])] = []
    if let span = message.span("extra"), span.kind != .null {
      let document = try MetadataDocument(message.bytes, span)
      for field in document.fields {
        guard case .text(let value) = field.value else {
          throw StoreError(.assertionFailed, "shallow_copy takes fields of primitive values only")
        }
        extra.append((field.key, value))
      }
    }
    let target = try store.shallowCopy(
      try message.objectID("id"), extra: extra, in: client.session, of: client.volume)
    reply.beginFrame()
    reply.append("{\"target_id\":")
    reply.append(decimal: target.rawValue)
    reply.append(",\"type\":\"shallow_copy_reply\"}")
    reply.endFrame()
    return .reply
  }

  func migrateObject(_ client: Connection) throws(StoreError) -> Disposition {
    let target = try store.migrate(try message.objectID("object_id"), in: client.session)
    reply.beginFrame()
    reply.append("{\"object_id\":")
    reply.append(decimal: target.rawValue)
    reply.append(",\"type\":\"migrate_object_reply\"}")
    reply.endFrame()
    return .reply
  }

  // MARK: - Names

  func putName(_ client: Connection) throws(StoreError) -> Disposition {
    try store.putName(try message.string("name"), to: try message.objectID("object_id"), by: client)
    reply.reply("put_name_reply")
    return .reply
  }

  func getName(_ client: Connection) throws(StoreError) -> Disposition {
    let name = try message.string("name")
    switch try store.getName(name, wait: try message.boolean("wait"), by: client) {
    case .park(let key): return .park(key)
    case .done(let id):
      reply.beginFrame()
      reply.append("{\"object_id\":")
      reply.append(decimal: id.rawValue)
      reply.append(",\"type\":\"get_name_reply\"}")
      reply.endFrame()
      return .reply
    }
  }

  func listName(_ client: Connection) throws(StoreError) -> Disposition {
    let limit = try message.integer("limit")
    let names = store.listNames(try pattern(), limit: limit, in: client.session)
    reply.beginFrame()
    reply.append("{\"names\":{")
    reply.list(names) { entry in
      reply.append(jsonString: entry.name)
      reply.append(":")
      reply.append(decimal: entry.id.rawValue)
    }
    reply.append("},\"size\":")
    reply.append(decimal: names.count)
    reply.append(",\"type\":\"list_name_reply\"}")
    reply.endFrame()
    return .reply
  }

  func dropName(_ client: Connection) throws(StoreError) -> Disposition {
    store.dropName(try message.string("name"), in: client.session)
    reply.reply("drop_name_reply")
    return .reply
  }
}
