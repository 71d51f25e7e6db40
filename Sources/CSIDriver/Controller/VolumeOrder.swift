import CSIProtocol
import GRPCCore
import StoreClient

/// A volume that is to be made: a request whose parts are known to make sense.
struct VolumeOrder: Sendable {
  /// Notes at a volume whether its source is a volume or a snapshot.
  static let sourceKindAttribute = "csi.vineyard.v6d.io/source-kind"

  let handle: VolumeHandle
  let settings: VolumeSettings
  let size: RequestedSize
  /// Bytes, nil for no limit.
  let quota: UInt64?
  let source: VolumeSource?
  let choice: NodeChoice
  /// What takes precedence over the parameters.
  let modification: VolumeModification

  /// - Throws: `RPCError` with code `invalidArgument`, `outOfRange` or, for a source that cannot be, `notFound`.
  init(_ request: Csi_V1_CreateVolumeRequest) throws(RPCError) {
    guard !request.name.isEmpty else { throw RPCError(code: .invalidArgument, message: "name is missing") }
    try request.volumeCapabilities.check()
    modification = try VolumeModification(request.mutableParameters)
    var settings = try VolumeSettings(request.parameters)
    settings.isEphemeral = false
    settings.attributes[VolumeParameter.ephemeral] = nil
    modification.apply(to: &settings)
    size = try RequestedSize(request.capacityRange)
    quota = try size.quota(settings)
    guard let handle = VolumeHandle(cluster: settings.cluster, name: request.name) else {
      throw RPCError(
        code: .invalidArgument, message: "the names of cluster \(settings.cluster) leave no room for a volume id")
    }
    self.handle = handle
    self.settings = settings
    source = request.hasVolumeContentSource ? try Self.source(request.volumeContentSource, settings.cluster) : nil
    choice = NodeChoice(request.accessibilityRequirements)
    if choice.isEmpty, let key = choice.foreignKey {
      throw RPCError(code: .invalidArgument, message: NodeChoice.explanation(of: key))
    }
  }

  /// What a store is asked for.
  var request: VolumeRequest {
    var attributes = settings.attributes
    attributes[Self.sourceKindAttribute] = source?.kind.rawValue
    var request = VolumeRequest(
      id: handle.leaf, scope: settings.scope, onDelete: settings.onDelete, quota: quota, attributes: attributes,
      source: source)
    request.overwrite = settings.overwrite
    request.deletedMemory = settings.deletedMemory
    return request
  }

  private static func source(
    _ source: Csi_V1_VolumeContentSource, _ cluster: ClusterName
  ) throws(RPCError) -> VolumeSource {
    let (kind, id): (VolumeKind, String) =
      switch source.type {
      case .snapshot(let snapshot): (.snapshot, snapshot.snapshotID)
      case .volume(let volume): (.volume, volume.volumeID)
      case nil: throw RPCError(code: .invalidArgument, message: "volume_content_source has neither snapshot nor volume")
      }
    guard !id.isEmpty else { throw RPCError(code: .invalidArgument, message: "the id of the source is missing") }
    guard let handle = VolumeHandle(id: id) else {
      throw RPCError(code: .notFound, message: "\(kind.rawValue) '\(id)' does not exist")
    }
    if let other = handle.cluster, other != cluster {
      throw RPCError(
        code: .invalidArgument, message: "\(kind.rawValue) '\(id)' is in another cluster than \(cluster)")
    }
    return VolumeSource(kind: kind, id: handle.leaf)
  }
}

extension VolumeOrder {
  /// What keeps a volume that exists from being the one that is to be made, nil when it is.
  ///
  /// One that has been expanded since, as far as the request admits, is the same.
  func difference(from record: VolumeRecord, on node: String) -> String? {
    if record.scope != settings.scope { return "its scope is '\(record.scope.rawValue)'" }
    if record.onDelete != settings.onDelete { return "its onDelete is '\(record.onDelete.rawValue)'" }
    if record.overwrite != settings.overwrite {
      return "its overwrite is \(record.overwrite.map { "'\($0.rawValue)'" } ?? "not set")"
    }
    if record.deletedMemory != settings.deletedMemory {
      return "its deletedMemory is \(record.deletedMemory.map { "'\($0.rawValue)'" } ?? "not set")"
    }
    if !admits(record.quota) {
      return record.quota.map { "its limit is \($0) bytes" } ?? "it has no limit"
    }
    let kind = record.source.flatMap { _ in record.attributes[Self.sourceKindAttribute] }
    if record.source != source?.id || kind != source?.kind.rawValue {
      return record.source.map { "it was made of '\($0)'" } ?? "it was made empty"
    }
    return admits(node) ? nil : "it is on node \(node)"
  }

  /// Whether the volume may be on a node.
  ///
  /// A copy is where its source is, also when Kubernetes has chosen another node for the pod: it compares the node of
  /// the finished volume with its choice, and then chooses again.
  func admits(_ node: String) -> Bool { choice.allows(node) || source != nil && choice.isOneNode }

  private func admits(_ existing: UInt64?) -> Bool {
    guard let existing, let quota else { return existing == nil && quota == nil }
    return existing >= quota && size.admits(existing)
  }
}
