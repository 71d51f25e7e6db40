import JSON

/// Sort of a volume.
public enum VolumeKind: String, Sendable {
  case volume
  /// Contents of a volume as they were once; nobody connects to it.
  case snapshot
}

/// Set of names that a volume's clients see.
public enum VolumeScope: String, Sendable, CaseIterable {
  /// Its own.
  case volume
  /// Names of the whole store, as the original has it.
  case cluster
}

/// Set of stores that have a volume.
public enum VolumeLocality: String, Sendable, CaseIterable {
  /// One store.
  case node
  /// All stores that share an etcd: its names and objects are the same on all of them.
  case cluster
}

/// Fate of a volume's objects when it is deleted.
public enum VolumeDeletion: String, Sendable, CaseIterable {
  case delete
  /// Objects stay in the store, under the names of the whole store.
  case retain
}

/// Fate of an object when the name that led to it is given to another.
public enum OverwritePolicy: String, Sendable, CaseIterable {
  /// The object is deleted once no name, object or client uses it.
  case delete
  /// The object stays, as in the original.
  case keep
}

/// Fate of the bytes of deleted blobs that clients were given.
public enum DeletedMemoryPolicy: String, Sendable, CaseIterable {
  /// The bytes stay until these clients give them up.
  case keep
  /// The bytes deleted longest ago are used again when an allocation would be refused otherwise.
  case reuse
}

/// The volume or snapshot whose contents a new volume starts with.
public struct VolumeSource: Sendable, Equatable {
  public var kind: VolumeKind
  public var id: String

  public init(kind: VolumeKind, id: String) {
    self.kind = kind
    self.id = id
  }
}

/// Settings with which a volume is opened.
public struct VolumeSettings: Sendable, Equatable {
  /// Name of the volume among those of its store, also of its directory.
  public var id: String
  public var scope = VolumeScope.volume
  public var locality = VolumeLocality.node
  public var onDelete = VolumeDeletion.delete
  /// Whether it goes with the pod that uses it; the store only keeps this for others.
  public var isEphemeral = false
  /// Most bytes its blobs may take, 0 for as much as the store has.
  public var quota: UInt64 = 0
  /// Notes of its maker, such as the claim it belongs to.
  public var attributes: [String: String] = [:]
  /// Nil to start with nothing.
  public var source: VolumeSource?
  /// Nil for what its scope has: ``OverwritePolicy/delete`` with scope `volume`, else that of the store.
  public var overwrite: OverwritePolicy?
  /// Nil for what its scope has: ``DeletedMemoryPolicy/keep`` with scope `volume`, else that of the store.
  public var deletedMemory: DeletedMemoryPolicy?

  public init(id: String) { self.id = id }

  /// Most bytes its blobs may take, nil for as much as the store has.
  public var limit: UInt64? { quota == 0 ? nil : quota }

  /// Bytes of the longest id.
  public static let longestID = 128

  /// Whether a text can be the id of a volume: 1 to 128 of `A-Z a-z 0-9 . _ -`, not `.` or `..`.
  public static func isValid(id: String) -> Bool {
    guard (1...longestID).contains(id.utf8.count), id != ".", id != ".." else { return false }
    return id.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
        true
      default: false
      }
    }
  }
}

/// Changes to a volume that exists.
public struct VolumeChange: Sendable, Equatable {
  /// Most bytes its blobs may take, 0 for as much as the store has; nil leaves it.
  public var quota: UInt64?
  /// Nil leaves it.
  public var onDelete: VolumeDeletion?

  public init(quota: UInt64? = nil, onDelete: VolumeDeletion? = nil) {
    self.quota = quota
    self.onDelete = onDelete
  }
}

/// A request about volumes, as a client sends it. A server reads its fields with the functions of `VolumeCoding`.
public enum VolumeRequest: Sendable, Equatable {
  /// - prefetch: whether the store is to fetch what others have written last of a volume that all of them have.
  case open(VolumeSettings, prefetch: Bool = false)
  case inspect(String, VolumeKind)
  case list
  case resize(String, VolumeChange)
  case freeze(String, isFrozen: Bool)
  case delete(String)
  case createSnapshot(String, of: String, attributes: [String: String])
  case deleteSnapshot(String)
  /// Forgets what stores had that were on a node which is gone.
  case forgetNode(String)

  public var type: RequestType {
    switch self {
    case .open: .openVolume
    case .inspect: .inspectVolume
    case .list: .listVolumes
    case .resize: .resizeVolume
    case .freeze: .freezeVolume
    case .delete: .deleteVolume
    case .createSnapshot: .createSnapshot
    case .deleteSnapshot: .deleteSnapshot
    case .forgetNode: .forgetNode
    }
  }

  /// The message, as JSON.
  ///
  /// - Parameter adminToken: the secret that a store wants to see on its RPC port; nil on its socket.
  public func json(adminToken: String? = nil) -> [UInt8] {
    let writer = ByteWriter(capacity: 512)
    writer.beginObject()
    appendFields(to: writer)
    writer.field("type", type.rawValue)
    if let adminToken { writer.field("admin_token", adminToken) }
    writer.endObject()
    return Array(writer.bytes)
  }

  private func appendFields(to writer: ByteWriter) {
    switch self {
    case .list: break
    case .open(let settings, let isPrefetched):
      writer.append(settings)
      if isPrefetched { writer.field("prefetch", true) }
    case .inspect(let id, let kind):
      writer.field("id", id)
      writer.field("kind", kind.rawValue)
    case .resize(let id, let change):
      writer.field("id", id)
      if let onDelete = change.onDelete { writer.field("on_delete", onDelete.rawValue) }
      if let quota = change.quota { writer.field("quota", quota) }
    case .freeze(let id, let isFrozen):
      writer.field("id", id)
      writer.field("frozen", isFrozen)
    case .delete(let id), .deleteSnapshot(let id): writer.field("id", id)
    case .forgetNode(let node): writer.field("node", node)
    case .createSnapshot(let id, let source, let attributes):
      writer.field("id", id)
      writer.field("source", source)
      writer.field("attributes", attributes)
    }
  }
}
