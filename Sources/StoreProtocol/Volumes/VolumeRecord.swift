/// State of a volume or a snapshot, as replies have it.
public struct VolumeRecord: Sendable, Equatable {
  /// Name of the volume among those of its store, also of its directory.
  public var id: String
  public var kind: VolumeKind
  public var scope = VolumeScope.volume
  public var locality = VolumeLocality.node
  public var onDelete = VolumeDeletion.delete
  /// Whether it goes with the pod that uses it.
  public var isEphemeral = false
  /// Most bytes its blobs may take, 0 for as much as the store has.
  public var quota: UInt64 = 0
  /// Bytes of its blobs.
  public var used: UInt64 = 0
  /// Objects written through it, members of other objects included.
  public var objects = 0
  public var names = 0
  /// Clients connected through its sockets.
  public var connections = 0
  /// Whether nobody may write to it.
  public var isFrozen = false
  public var condition = VolumeCondition()
  /// Whether the store has it from before a restart, and others know nothing of it: etcd has lost its data, and the
  /// volume may have been deleted before that.
  public var isUnconfirmed = false
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

/// Memory of one of several stores, as it tells the others.
public struct InstanceCapacity: Sendable, Equatable {
  public var instance: UInt64
  /// Name of the node that it runs on.
  public var node: String
  /// `host:port` of its RPC port.
  public var endpoint: String
  /// Whether it gives signs of life.
  public var isReachable: Bool
  /// Most that all its blobs may take, in bytes.
  public var limit: UInt64
  /// Bytes of all its blobs.
  public var used: UInt64
  /// Bytes that its volumes may still write within their quotas.
  public var promised: UInt64

  public init(
    instance: UInt64, node: String, endpoint: String, isReachable: Bool, limit: UInt64, used: UInt64, promised: UInt64
  ) {
    self.instance = instance
    self.node = node
    self.endpoint = endpoint
    self.isReachable = isReachable
    self.limit = limit
    self.used = used
    self.promised = promised
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
  /// Whether the store shares volumes with others.
  public var isShared = false
  /// The stores that share volumes, this one among them.
  public var instances: [InstanceCapacity] = []
  /// Nodes on which stores have, or had, volumes open and on which there is none any more.
  public var absentNodes: [String] = []

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
