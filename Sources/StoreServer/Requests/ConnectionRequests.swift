import JSON
import StoreCore
import StoreProtocol

/// Registering, and what a client asks about the daemon itself.
extension RequestHandler {
  func register(_ connection: ClientConnection) throws(StoreError) -> Disposition {
    let username = try message.string("username", default: "")
    let password = try message.string("password", default: "")
    _ = try message.string("version", default: "0.0.0")
    return .authenticate(username: username, password: password)
  }

  private func selectSession(for connection: ClientConnection) throws(StoreError) {
    let id = try message.integer("session_id", default: 0)
    guard id != connection.client.session.id else { return }
    guard let session = store.sessions[id] else {
      throw StoreError(.invalid, "Session (sid = \(HexText.string(prefix: UInt8(ascii: "S"), id))) not exit")
    }
    if session.volume != nil { try requireToken(connection) }
    connection.client = store.move(connection.client, to: session)
  }

  /// The kind of store a register request asks for: a number, or the text of old clients.
  private func requestedKind() throws(StoreError) -> StoreKind {
    guard let span = message.span("store_type") else { return .normal }
    if span.kind == .string { return message.bytes.string(span) == "Plasma" ? .plasma : .normal }
    return StoreKind(rawValue: try message.integer("store_type")) ?? .normal
  }

  /// Finishes a register request whose password was accepted.
  func acceptRegistration(_ connection: ClientConnection) throws(StoreError) -> Disposition {
    if connection.kind == .rpc { try selectSession(for: connection) }
    let session = connection.client.session
    let matches = try requestedKind() == session.kind
    connection.client.releasesBlobs = try message.boolean("releases_blobs", default: false)
    connection.isRegistered = true
    reply.beginFrame()
    reply.append("{\"instance_id\":")
    reply.append(decimal: store.instances.own)
    reply.append(",\"ipc_socket\":")
    reply.append(jsonString: socketPath(of: connection.client))
    reply.append(",\"rpc_endpoint\":")
    // Nobody could tell over RPC through which volume a client came.
    let isOutside = session.id == 0 && connection.client.volume == nil
    reply.append(jsonString: isOutside ? identity.rpcEndpoint : InstanceIdentity.noRPC)
    reply.append(",\"session_id\":")
    reply.append(decimal: session.id)
    reply.append(",\"store_match\":")
    reply.append(matches ? "true" : "false")
    reply.append(",\"support_rpc_compression\":false,\"type\":\"register_reply\",\"version\":")
    reply.append(jsonString: identity.version)
    reply.append("}")
    reply.endFrame()
    return .reply
  }

  private func socketPath(of client: Connection) -> String {
    guard let volume = client.volume else { return identity.socketPath(of: client.session.id) }
    return identity.volumeLayout.socketPath(of: volume.id, isReadOnly: client.isReadOnly)
  }

  /// A volume's clients find nothing but the volume: the released client would else write what does not fit in it
  /// directly into the store.
  func clusterMeta(_ client: Connection) -> Disposition {
    reply.beginFrame()
    reply.append("{\"meta\":{")
    reply.list(client.volume == nil ? store.instances.ascending : ownInstance(for: client)) { id, instance in
      append(instance, id)
    }
    reply.append("},\"type\":\"cluster_meta\"}")
    reply.endFrame()
    return .reply
  }

  /// Record of this store as a volume's clients see it.
  private func ownInstance(for client: Connection) -> [(id: UInt64, record: InstanceRecord)] {
    let own = store.instances.own
    guard var record = store.instances[own] else { return [] }
    record.socketPath = socketPath(of: client)
    record.rpcEndpoint = InstanceIdentity.noRPC
    return [(own, record)]
  }

  private func append(_ instance: InstanceRecord, _ id: UInt64) {
    reply.append("\"i")
    reply.append(decimal: id)
    reply.append("\":{\"hostid\":")
    reply.append(decimal: instance.hostID)
    reply.append(",\"hostname\":")
    reply.append(jsonString: instance.hostname)
    reply.append(",\"ipc_socket\":")
    reply.append(jsonString: instance.socketPath)
    reply.append(",\"nodename\":")
    reply.append(jsonString: instance.nodename)
    reply.append(",\"rpc_endpoint\":")
    reply.append(jsonString: instance.rpcEndpoint)
    reply.append(",\"timestamp\":")
    reply.append(decimal: instance.timestamp)
    reply.append("}")
  }

  /// A volume's clients are told about the volume.
  func instanceStatus(_ client: Connection) -> Disposition {
    let volume = client.volume
    let limit = volume.map { min($0.account.limit, store.memory.limit) } ?? store.memory.limit
    reply.beginFrame()
    reply.append("{\"meta\":{\"deferred_requests\":")
    reply.append(decimal: volume?.parkedRequests ?? parkedRequests)
    reply.append(",\"deployment\":")
    reply.append(jsonString: identity.deployment)
    reply.append(",\"instance_id\":")
    reply.append(decimal: store.instances.own)
    reply.append(",\"ipc_connections\":")
    reply.append(decimal: volume?.connections ?? connectionCounts.ipc)
    reply.append(",\"memory_limit\":")
    reply.append(decimal: limit)
    reply.append(",\"memory_usage\":")
    reply.append(decimal: volume?.account.used ?? store.memory.used)
    reply.append(",\"rpc_connections\":")
    reply.append(decimal: volume == nil ? connectionCounts.rpc : 0)
    reply.append("},\"type\":\"instance_status_reply\"}")
    reply.endFrame()
    return .reply
  }

  func debug() -> Disposition {
    reply.beginFrame()
    reply.append("{\"result\":null,\"type\":\"debug_reply\"}")
    reply.endFrame()
    return .reply
  }

  // MARK: - Locks

  func acquireLock(_ client: Connection) throws(StoreError) -> Disposition {
    let key = try message.string("key")
    switch store.acquireLock(key, by: client) {
    case .park(let key): return .park(key)
    case .done: return lockReply("acquire_lock_reply", key: key, result: true)
    }
  }

  func releaseLock(_ client: Connection) throws(StoreError) -> Disposition {
    let key = try message.string("key")
    return lockReply("release_lock_reply", key: nil, result: store.releaseLock(key, by: client))
  }

  private func lockReply(_ type: StaticString, key: String?, result: Bool) -> Disposition {
    reply.beginFrame()
    reply.append("{")
    if let key {
      reply.append("\"key\":")
      reply.append(jsonString: key)
      reply.append(",")
    }
    reply.append("\"result\":")
    reply.append(result ? "true" : "false")
    reply.append(",\"type\":\"")
    reply.append(type)
    reply.append("\"}")
    reply.endFrame()
    return .reply
  }

  // MARK: - Sessions

  func newSession(_ connection: ClientConnection) throws(StoreError) -> Disposition {
    guard let kind = StoreKind(rawValue: try message.integer("bulk_store_type", default: 1)) else {
      throw StoreError(.invalid, "bulk_store_type must be 1 (default) or 2 (plasma)")
    }
    let session = store.openSession(kind)
    let path: String
    do throws(StoreError) {
      path = try openSessionSocket(session, connection)
    } catch {
      store.closeSession(session)
      throw error
    }
    reply.beginFrame()
    reply.append("{\"socket_path\":")
    reply.append(jsonString: path)
    reply.append(",\"type\":\"new_session_reply\"}")
    reply.endFrame()
    return .reply
  }

  func deleteSession(_ connection: ClientConnection) throws(StoreError) -> Disposition {
    if connection.client.session === store.root { throw StoreError(.invalid, "the root session cannot be deleted") }
    reply.reply("delete_session_reply")
    return .deleteSession
  }
}
