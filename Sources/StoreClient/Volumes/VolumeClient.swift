import Documents
import StoreProtocol

/// Opens, inspects and deletes the volumes and snapshots of one store.
///
/// Every call is one request and blocks for its reply. A call throws `StoreClientError`.
public struct VolumeClient {
  private let client: StoreClient
  private let adminToken: String?

  /// - Parameters:
  ///   - client: has registered on the main socket or the RPC port of the store.
  ///   - adminToken: what a store wants to see on its RPC port.
  public init(_ client: StoreClient, adminToken: String? = nil) {
    self.client = client
    self.adminToken = adminToken
  }

  /// Opens a volume; the one that exists already when it is like the request.
  public func open(_ request: VolumeRequest) throws(StoreClientError) -> VolumeRecord {
    try record("open_volume_request", request.fields)
  }

  /// The volume or snapshot of an id, nil when the store has none.
  public func inspect(_ id: String, kind: VolumeKind = .volume) throws(StoreClientError) -> VolumeRecord? {
    do {
      return try record("inspect_volume_request", ["id": .string(id), "kind": .string(kind.rawValue)])
    } catch {
      if case .refused(let refusal) = error, refusal.code == .objectNotExists { return nil }
      throw error
    }
  }

  /// All volumes and snapshots, by kind and id, and the memory of the store.
  public func list() throws(StoreClientError) -> (volumes: [VolumeRecord], room: StoreRoom) {
    let reply = try call("list_volumes_request")
    guard let room = reply["room"].flatMap({ StoreRoom($0) }) else { throw .unintelligible("it tells no room") }
    var volumes: [VolumeRecord] = []
    for value in reply["volumes"]?.array ?? [] { volumes.append(try Self.record(value)) }
    return (volumes, room)
  }

  /// Changes how many bytes a volume may take, nil for as much as the store has.
  public func resize(_ id: String, quota: UInt64?) throws(StoreClientError) -> VolumeRecord {
    try record("resize_volume_request", ["id": .string(id), "quota": Value(unsigned: quota ?? 0)])
  }

  /// Changes what becomes of a volume's objects when it is deleted, and how many bytes they may take.
  ///
  /// - Parameter quota: 0 for as much as the store has, nil to leave it.
  public func change(
    _ id: String, onDelete: VolumeDeletion, quota: UInt64? = nil
  ) throws(StoreClientError) -> VolumeRecord {
    var fields: Fields = ["id": .string(id), "on_delete": .string(onDelete.rawValue)]
    if let quota { fields["quota"] = Value(unsigned: quota) }
    return try record("resize_volume_request", fields)
  }

  /// Makes a volume read-only for everybody, or undoes it.
  public func freeze(_ id: String, _ isFrozen: Bool) throws(StoreClientError) -> VolumeRecord {
    try record("freeze_volume_request", ["id": .string(id), "frozen": .boolean(isFrozen)])
  }

  /// Deletes a volume, its clients notwithstanding.
  ///
  /// - Returns: false when there was none.
  @discardableResult
  public func delete(_ id: String) throws(StoreClientError) -> Bool {
    try call("delete_volume_request", ["id": .string(id)])["deleted"]?.bool ?? false
  }

  /// Keeps what a volume holds now; the snapshot that exists already when it is of the same volume.
  public func createSnapshot(
    _ id: String, of volume: String, attributes: [String: String] = [:]
  ) throws(StoreClientError) -> VolumeRecord {
    try record(
      "create_snapshot_request",
      ["id": .string(id), "source": .string(volume), "attributes": Value(attributes)])
  }

  /// - Returns: false when there was none.
  @discardableResult
  public func deleteSnapshot(_ id: String) throws(StoreClientError) -> Bool {
    try call("delete_snapshot_request", ["id": .string(id)])["deleted"]?.bool ?? false
  }

  private func call(_ type: String, _ fields: Fields = [:]) throws(StoreClientError) -> Value {
    var request = fields
    request["type"] = .string(type)
    if let adminToken { request["admin_token"] = .string(adminToken) }
    return try client.call(.object(request))
  }

  private func record(_ type: String, _ fields: Fields) throws(StoreClientError) -> VolumeRecord {
    guard let value = try call(type, fields)["volume"] else { throw .unintelligible("it tells of no volume") }
    return try Self.record(value)
  }

  private static func record(_ value: Value) throws(StoreClientError) -> VolumeRecord {
    guard let record = VolumeRecord(value) else { throw .unintelligible("no volume: \(value.json)") }
    return record
  }
}
