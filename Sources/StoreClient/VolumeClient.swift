import StoreProtocol

/// Opens, inspects, changes and deletes the volumes and snapshots of one store.
///
/// Every call is one request and blocks for its reply. A call throws `StoreClientError`.
public struct VolumeClient {
  private let client: StoreClient
  private let adminToken: String?

  /// - Parameters:
  ///   - client: has registered on the main socket or the RPC port of the store.
  ///   - adminToken: the secret that a store wants to see on its RPC port.
  public init(_ client: StoreClient, adminToken: String? = nil) {
    self.client = client
    self.adminToken = adminToken
  }

  /// Opens a volume; the one that exists already when it has the same settings.
  ///
  /// - Parameter prefetch: whether the store begins to fetch what others have written last of it.
  /// - Throws: `StoreClientError`, as every call.
  public func open(_ settings: VolumeSettings, prefetch: Bool = false) throws(StoreClientError) -> VolumeRecord {
    try record(.open(settings, prefetch: prefetch))
  }

  /// The volume or snapshot of an id, nil when the store has none.
  ///
  /// - Throws: `StoreClientError`, as every call.
  public func inspect(_ id: String, kind: VolumeKind = .volume) throws(StoreClientError) -> VolumeRecord? {
    do {
      return try record(.inspect(id, kind))
    } catch {
      if case .refused(let refusal) = error, refusal.code == .objectNotExists { return nil }
      throw error
    }
  }

  /// All volumes and snapshots, by kind and id, and the memory of the store.
  ///
  /// - Throws: `StoreClientError`, as every call.
  public func list() throws(StoreClientError) -> (volumes: [VolumeRecord], capacity: StoreCapacity) {
    try call(.list) { reply throws(StoreError) in
      (
        try reply.objects("volumes") { fields throws(StoreError) in try VolumeRecord(fields) },
        try reply.object("room") { fields throws(StoreError) in try StoreCapacity(fields) }
      )
    }
  }

  /// Changes the quota of a volume, or the fate of its objects when it is deleted; all or nothing.
  ///
  /// - Throws: `StoreClientError`, as every call.
  public func change(_ id: String, _ change: VolumeChange) throws(StoreClientError) -> VolumeRecord {
    try record(.resize(id, change))
  }

  /// Makes a volume read-only for everybody, or undoes it.
  ///
  /// - Throws: `StoreClientError`, as every call.
  public func freeze(_ id: String, _ isFrozen: Bool) throws(StoreClientError) -> VolumeRecord {
    try record(.freeze(id, isFrozen: isFrozen))
  }

  /// Deletes a volume, its clients notwithstanding.
  ///
  /// - Returns: false when there was none.
  /// - Throws: `StoreClientError`, as every call.
  @discardableResult
  public func delete(_ id: String) throws(StoreClientError) -> Bool { try wasDeleted(.delete(id)) }

  /// Takes a snapshot of a volume, or finds the one that exists already when it is of the same volume.
  ///
  /// - Throws: `StoreClientError`, as every call.
  public func createSnapshot(
    _ id: String, of volume: String, attributes: [String: String] = [:]
  ) throws(StoreClientError) -> VolumeRecord {
    try record(.createSnapshot(id, of: volume, attributes: attributes))
  }

  /// Deletes a snapshot.
  ///
  /// - Returns: false when there was none.
  /// - Throws: `StoreClientError`, as every call.
  @discardableResult
  public func deleteSnapshot(_ id: String) throws(StoreClientError) -> Bool { try wasDeleted(.deleteSnapshot(id)) }

  /// Has the stores of an etcd forget what stores had that were on a node which is gone for good.
  ///
  /// - Returns: whether there was anything.
  /// - Throws: `StoreClientError`, as every call.
  @discardableResult
  public func forgetNode(_ node: String) throws(StoreClientError) -> Bool {
    try call(.forgetNode(node)) { reply throws(StoreError) in try reply.boolean("forgotten", default: false) }
  }

  private func call<Reply>(
    _ request: VolumeRequest, _ read: (RequestMessage) throws(StoreError) -> Reply
  ) throws(StoreClientError) -> Reply {
    try client.call(request.json(adminToken: adminToken), read)
  }

  private func record(_ request: VolumeRequest) throws(StoreClientError) -> VolumeRecord {
    try call(request) { reply throws(StoreError) in
      try reply.object("volume") { fields throws(StoreError) in try VolumeRecord(fields) }
    }
  }

  private func wasDeleted(_ request: VolumeRequest) throws(StoreClientError) -> Bool {
    try call(request) { reply throws(StoreError) in try reply.boolean("deleted", default: false) }
  }
}
