/// What a store tells of one of its volumes or snapshots.
public struct VolumeRecord: Sendable, Equatable {
  /// Name of the volume among those of its store; also the name of its directory.
  public var id: String
  public var kind: VolumeKind
  public var scope: VolumeScope
  public var onDelete: VolumeDeletion
  /// Whether it goes with the pod that uses it.
  public var isEphemeral: Bool
  /// Most bytes that its objects may take, nil for as much as the store has.
  public var quota: UInt64?
  /// Bytes that its objects take.
  public var used: UInt64
  /// Objects written through it, members of other objects included.
  public var objects: Int
  public var names: Int
  /// Clients connected through its sockets.
  public var connections: Int
  /// Whether nobody may write to it.
  public var isFrozen: Bool
  public var condition: VolumeCondition
  /// Unix milliseconds.
  public var created: UInt64
  /// When the store was restarted that took its contents, in unix milliseconds; nil when none were lost.
  public var lostContentsAt: UInt64?
  /// Nil for what its scope has.
  public var overwrite: VolumeOverwrite?
  /// Nil for what its scope has.
  public var deletedMemory: VolumeDeletedMemory?
  /// The volume or snapshot whose contents it started with.
  public var source: String?
  /// What its maker noted, such as the claim it belongs to.
  public var attributes: [String: String]

  public init(id: String, kind: VolumeKind = .volume) {
    self.id = id
    self.kind = kind
    scope = .volume
    onDelete = .delete
    isEphemeral = false
    used = 0
    objects = 0
    names = 0
    connections = 0
    isFrozen = false
    condition = VolumeCondition(isAbnormal: false, message: "")
    created = 0
    attributes = [:]
  }
}

public enum VolumeKind: String, Sendable {
  case volume
  /// Contents of a volume as they were once; nobody connects to it.
  case snapshot
}

/// Which names a volume's clients see.
public enum VolumeScope: String, Sendable, CaseIterable {
  /// Its own.
  case volume
  /// Those of the whole store, as the original has it.
  case cluster
}

/// What becomes of a volume's objects when it is deleted.
public enum VolumeDeletion: String, Sendable, CaseIterable {
  case delete
  /// They stay in the store, under the names of the whole store.
  case retain
}

/// What becomes of an object when its name is given to another.
public enum VolumeOverwrite: String, Sendable, CaseIterable {
  case delete
  /// It stays without a name, as with the original.
  case keep
}

/// What becomes of the memory of deleted objects that clients were given.
public enum VolumeDeletedMemory: String, Sendable, CaseIterable {
  /// It stays until they give it up.
  case keep
  /// It is used again rather than that an object be refused.
  case reuse
}

public struct VolumeCondition: Sendable, Equatable {
  public var isAbnormal: Bool
  /// For people; empty while all is well.
  public var message: String

  public init(isAbnormal: Bool, message: String) {
    self.isAbnormal = isAbnormal
    self.message = message
  }
}

/// The memory of a store, in bytes.
public struct StoreRoom: Sendable, Equatable {
  /// What all objects may take.
  public var limit: UInt64
  /// What they take.
  public var used: UInt64
  /// What volumes may still write within their quotas, beyond what they have written.
  public var promised: UInt64

  public init(limit: UInt64, used: UInt64, promised: UInt64) {
    self.limit = limit
    self.used = used
    self.promised = promised
  }

  /// What a new volume can be given.
  public var available: UInt64 { limit - min(limit, used + promised) }
}
