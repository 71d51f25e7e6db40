/// A volume as it is asked for.
public struct VolumeRequest: Sendable, Equatable {
  /// Name of the volume among those of its store, also of its directory: 1 to 128 letters, digits, `.`, `_` and `-`.
  public var id: String
  public var scope: VolumeScope
  public var onDelete: VolumeDeletion
  /// Whether it goes with the pod that uses it.
  public var isEphemeral: Bool
  /// Most bytes that its objects may take, nil for as much as the store has.
  public var quota: UInt64?
  /// What is worth noting, such as the claim it belongs to.
  public var attributes: [String: String]
  /// What it starts with; nil for nothing.
  public var source: VolumeSource?
  /// Nil for what its scope has.
  public var overwrite: VolumeOverwrite?
  /// Nil for what its scope has.
  public var deletedMemory: VolumeDeletedMemory?

  public init(
    id: String, scope: VolumeScope, onDelete: VolumeDeletion, isEphemeral: Bool = false, quota: UInt64? = nil,
    attributes: [String: String] = [:], source: VolumeSource? = nil
  ) {
    self.id = id
    self.scope = scope
    self.onDelete = onDelete
    self.isEphemeral = isEphemeral
    self.quota = quota
    self.attributes = attributes
    self.source = source
  }
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
