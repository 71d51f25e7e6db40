/// State of a volume or a snapshot, as replies have it.
public struct VolumeRecord: Sendable, Equatable {
  /// Name of the volume among those of its store, also of its directory.
  public var id: String
  public var kind: VolumeKind
  public var scope = VolumeScope.volume
  public var onDelete = VolumeDeletion.delete
  /// Whether it goes with the pod that uses it.
  public var isEphemeral = false
  /// Most bytes its blobs may take, 0 for as much as the store has.
  public var quota: UInt64 = 0
  /// Stores that it can be used in.
  public var locality = VolumeLocality.node
  /// Bytes of its blobs, in all stores.
  public var used: UInt64 = 0
  /// Objects written through it, members of other objects included.
  public var objects = 0
  public var names = 0
  /// Clients connected through its sockets.
  public var connections = 0
  /// Whether nobody may write to it.
  public var isFrozen = false
  public var condition = VolumeCondition()
  /// Unix milliseconds.
  public var created: UInt64 = 0
  /// Time of the restart of the store that took the contents, in unix milliseconds; nil when none were lost.
  public var lostContentsAt: UInt64?
  /// Nil for what its scope has.
  public var overwrite: OverwritePolicy?
  /// Nil for what its scope has.
  public var deletedMemory: DeletedMemoryPolicy?
  /// The volume or snapshot whose contents it started with.
  public var source: String?
  /// Notes of its maker, such as the claim it belongs to.
  public var attributes: [String: String] = [:]

  public init(id: String, kind: VolumeKind = .volume) {
    self.id = id
    self.kind = kind
  }

  /// Most bytes its blobs may take, nil for as much as the store has.
  public var limit: UInt64? { quota == 0 ? nil : quota }
}

/// Condition of a volume: whether all is well with it.
public struct VolumeCondition: Sendable, Equatable {
  public var isAbnormal: Bool
  /// For people; empty while all is well.
  public var message: String

  public init(isAbnormal: Bool = false, message: String = "") {
    self.isAbnormal = isAbnormal
    self.message = message
  }
}

/// Memory of a store that is given out and reserved, in bytes.
public struct StoreCapacity: Sendable, Equatable {
  /// Most that all blobs may take.
  public var limit: UInt64
  /// Bytes of all blobs.
  public var used: UInt64
  /// Bytes that volumes may still write within their quotas, beyond what they have written.
  public var reserved: UInt64
  /// Whether the store shares metadata with others, so that it can open volumes of locality `cluster`.
  public var isShared = false

  public init(limit: UInt64, used: UInt64, reserved: UInt64) {
    self.limit = limit
    self.used = used
    self.reserved = reserved
  }

  /// The largest quota that a new volume can be given.
  public var available: UInt64 {
    let (taken, overflow) = used.addingReportingOverflow(reserved)
    return overflow ? 0 : limit - min(limit, taken)
  }
}
