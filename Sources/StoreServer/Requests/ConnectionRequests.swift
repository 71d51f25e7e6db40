import JSON
import StoreCore
import StoreProtocol

/// Registering, and requests about the daemon itself.
extension RequestHandler {
  func register(_ connection: Connection) throws(StoreError) -> Disposition {
    if let disposition = try registerPeer(connection) { return disposition }
    let username = try message.string("username", default: "")
    let password = try message.string("password", default: "")
    _ = try message.string("version", default: "0.0.0")
    return .authenticate(username: username, password: password)
  }

  /// Takes a client that comes over TCP to the session or the volume that it names.
  private func selectSession(for connection: Connection) throws(StoreError) {
    let showsToken = message.span("admin_token") != nil && adminToken.path != nil
    if showsToken || message.span("volume") != nil { try requireToken(connection) }
    if showsToken { connection.isAdministrator = true }
    let session = try namedSession()
    guard session !== connection.client.session else { return }
    if session.volume != nil { try requireToken(connection) }
    connection.client = store.move(connection.client, to: session)
  }

  /// The session that a registration names, or that of the volume that it names.
  private func namedSession() throws(StoreError) -> Session {
    if message.span("volume") != nil { return try store.requireVolume(try message.volumeID("volume")).session }
    let id = try message.integer("session_id", default: 0)
    guard let session = store.sessions[id] else {
      throw StoreError(.invalid, "Session (sid = \(HexText.string(prefix: UInt8(ascii: "S"), id))) not exit")
    }
    return session
  }

  /// The kind of store a register request asks for: a number, or the text of old clients.
  private func requestedKind() throws(StoreError) -> StoreKind {
    guard let span = message.span("store_type") else { return .normal }
    if span.kind == .string { return message.bytes.string(span) == "Plasma" ? .plasma : .normal }
    return StoreKind(rawValue: try message.integer("store_type")) ?? .normal
  }

  /// Finishes a register request whose password was accepted.
  func acceptRegistration(_ connection: Connection) throws(StoreError) -> Disposition {
    if connection.kind == .rpc { try selectSession(for: connection) }
    let session = connection.client.session
    let matches = try requestedKind() == session.kind
    connection.client.releasesBlobs = try message.boolean("releases_blobs", default: false)
    // No word of 0.24.2: one of this kind asks whether parts of blobs can be had.
    let asksForRanges = try message.boolean("remote_ranges", default: false)
    let asksForExtensions = try message.boolean("extensions", default: false)
    connection.isRegistered = true
    connection.isPeer = asksForRanges
    let readsRanges = try message.boolean("reads_ranges", default: false) && mayReadRanges(connection)
    let named = connection.kind == .rpc && message.span("volume") != nil ? connection.client.volume?.id : nil
    // Nobody could tell over RPC through which volume a client came.
    let isOutside = session.id == 0 && connection.client.volume == nil
    reply.frame {
      if asksForExtensions { $0.array("extensions", Self.extensions) { reply.append(jsonString: $0.rawValue) } }
      $0.field("instance_id", store.instances.local)
      $0.field("ipc_socket", socketPath(of: connection.client))
      if readsRanges { $0.field("reads_ranges", true) }
      // Where there is a token, only for peers that prove to have it.
      if asksForRanges, readPeerKeys == nil { $0.field("remote_ranges", true) }
      $0.field("rpc_endpoint", isOutside ? identity.rpcEndpoint : InstanceIdentity.noRPC)
      $0.field("session_id", session.id)
      $0.field("store_match", matches)
      $0.field("support_rpc_compression", false)
      $0.type("register_reply")
      $0.field("version", identity.version)
      if let named { $0.field("volume", named) }
    }
    return .reply
  }

  /// Requests that 0.24.2 does not have, for clients that ask.
  private static let extensions: [RequestType] = [.putObject, .releaseBlobs]

  private func socketPath(of client: Client) -> String {
    guard let volume = client.volume else { return identity.socketPath(of: client.session.id) }
    return identity.volumeLayout.socketPath(of: volume.id, isReadOnly: client.isReadOnly)
  }

  /// Lists the instances. A volume's clients find only their volume: the released client would otherwise write objects
  /// that do not fit there into the store.
  func clusterMeta(_ client: Client) -> Disposition {
    reply.frame {
      $0.beginObject("meta")
      for (id, instance) in client.volume == nil ? store.instances.ascending : ownInstance(for: client) {
        append(instance, id)
      }
      $0.endObject()
      $0.type("cluster_meta")
    }
    return .reply
  }

  /// Record of this store as a volume's clients see it.
  private func ownInstance(for client: Client) -> [(id: UInt64, record: InstanceRecord)] {
    let own = store.instances.local
    guard var record = store.instances[own] else { return [] }
    record.socketPath = socketPath(of: client)
    record.rpcEndpoint = InstanceIdentity.noRPC
    return [(own, record)]
  }

  private func append(_ instance: InstanceRecord, _ id: UInt64) {
    reply.key(text: "i\(id)")
    reply.beginObject()
    reply.field("hostid", instance.hostID)
    reply.field("hostname", instance.hostname)
    reply.field("ipc_socket", instance.socketPath)
    reply.field("nodename", instance.nodename)
    reply.field("rpc_endpoint", instance.rpcEndpoint)
    reply.field("timestamp", instance.timestamp)
    reply.endObject()
  }

  /// A volume's clients are told about the volume.
  func instanceStatus(_ client: Client) -> Disposition {
    let volume = client.volume
    let limit = volume.map { min($0.usage.limit, store.memory.limit) } ?? store.memory.limit
    reply.frame {
      $0.beginObject("meta")
      $0.field("deferred_requests", volume?.parkedRequests ?? parkedRequests)
      $0.field("deployment", identity.deployment)
      $0.field("instance_id", store.instances.local)
      $0.field("ipc_connections", volume?.connections ?? connectionCounts.ipc)
      $0.field("memory_limit", limit)
      $0.field("memory_usage", volume?.usage.used ?? store.memory.used)
      $0.field("rpc_connections", volume == nil ? connectionCounts.rpc : 0)
      $0.endObject()
      $0.type("instance_status_reply")
    }
    return .reply
  }

  func debug() -> Disposition {
    reply.frame {
      $0.null("result")
      $0.type("debug_reply")
    }
    return .reply
  }

  // MARK: - Locks

  func acquireLock(_ client: Client) throws(StoreError) -> Disposition {
    let key = try message.string("key")
    switch store.acquireLock(key, by: client) {
    case .park(let key): return .park(key)
    case .done: return lockReply("acquire_lock_reply", key: key, result: true)
    }
  }

  func releaseLock(_ client: Client) throws(StoreError) -> Disposition {
    let key = try message.string("key")
    return lockReply("release_lock_reply", key: nil, result: store.releaseLock(key, by: client))
  }

  private func lockReply(_ type: StaticString, key: String?, result: Bool) -> Disposition {
    reply.frame {
      if let key { $0.field("key", key) }
      $0.field("result", result)
      $0.type(type)
    }
    return .reply
  }

  // MARK: - Sessions

  func newSession(_ connection: Connection) throws(StoreError) -> Disposition {
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
    reply.frame {
      $0.field("socket_path", path)
      $0.type("new_session_reply")
    }
    return .reply
  }

  func deleteSession(_ connection: Connection) throws(StoreError) -> Disposition {
    if connection.client.session === store.root { throw StoreError(.invalid, "the root session cannot be deleted") }
    reply.reply("delete_session_reply")
    return .deleteSession
  }
}
