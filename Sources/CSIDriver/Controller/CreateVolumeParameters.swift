import CSIProtocol
import GRPCCore
import StoreClient
import StoreProtocol
import Support

/// Parameters of a volume that is to be made: a request whose parts are known to make sense.
struct CreateVolumeParameters: Sendable {
  /// Notes at a volume whether its source is a volume or a snapshot.
  static let sourceKindAttribute = "csi.vineyard.v6d.io/source-kind"
  /// Notes at a volume of all nodes that publishing it fetches what was written last.
  static let prefetchAttribute = "csi.vineyard.v6d.io/prefetch"

  let handle: VolumeHandle
  let parameters: VolumeParameters
  let size: RequestedSize
  /// Bytes, nil for no limit.
  let quota: UInt64?
  let source: VolumeSource?
  let choice: NodeChoice
  /// Nil where the stores decide; ``VolumeLocality/node`` for a claim whose access modes are all for one node.
  let locality: VolumeLocality?
  /// Values that take precedence over the parameters.
  let modification: VolumeModification

  /// - Throws: `RPCError` with code `invalidArgument`, `outOfRange` or, for a source that cannot be, `notFound`.
  init(_ request: Csi_V1_CreateVolumeRequest) throws(RPCError) {
    try requireField(request.name, "name")
    try request.volumeCapabilities.check()
    modification = try VolumeModification(request.mutableParameters)
    var parameters = try VolumeParameters(request.parameters)
    parameters.isEphemeral = false
    parameters.attributes[VolumeParameters.Key.ephemeral] = nil
    modification.apply(to: &parameters)
    size = try RequestedSize(request.capacityRange)
    quota = try size.quota(parameters)
    guard let handle = VolumeHandle(cluster: parameters.cluster, name: request.name) else {
      throw RPCError(
        code: .invalidArgument, message: "the names of cluster \(parameters.cluster) leave no room for a volume id")
    }
    self.handle = handle
    self.parameters = parameters
    source = request.hasVolumeContentSource ? try Self.source(request.volumeContentSource, parameters.cluster) : nil
    choice = NodeChoice(request.accessibilityRequirements)
    locality = request.volumeCapabilities.allSatisfy(\.isOfOneNode) ? .node : parameters.locality
    if choice.isEmpty, let key = choice.foreignKey {
      throw RPCError(code: .invalidArgument, message: NodeChoice.explanation(of: key))
    }
  }

  /// Whether the access modes alone keep the volume on one node.
  var isPinned: Bool { locality == .node && parameters.locality != .node }

  /// The settings with which a store opens the volume.
  func settings(_ locality: VolumeLocality = .node) -> VolumeSettings {
    var settings = parameters.settings(handle.name)
    settings.locality = locality
    settings.quota = quota ?? 0
    settings.source = source
    settings.attributes = parameters.attributes
    settings.attributes[Self.sourceKindAttribute] = source?.kind.rawValue
    settings.attributes[Self.prefetchAttribute] = parameters.isPrefetched && locality == .cluster ? "true" : nil
    return settings
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
    return VolumeSource(kind: kind, id: handle.name)
  }
}

extension CreateVolumeParameters {
  /// The difference of a volume that exists from the one that is to be made, nil when it is the same.
  ///
  /// One that has been expanded since, as far as the request admits, is the same.
  func difference(from record: VolumeRecord, on node: String) -> String? {
    if record.scope != parameters.scope { return "its scope is '\(record.scope.rawValue)'" }
    if record.onDelete != parameters.onDelete { return "its onDelete is '\(record.onDelete.rawValue)'" }
    if record.overwrite != parameters.overwrite {
      return "its overwrite is \(record.overwrite.map { "'\($0.rawValue)'" } ?? "not set")"
    }
    if record.deletedMemory != parameters.deletedMemory {
      return "its deletedMemory is \(record.deletedMemory.map { "'\($0.rawValue)'" } ?? "not set")"
    }
    if let locality, record.locality != locality { return "its locality is '\(record.locality.rawValue)'" }
    if record.locality == .cluster, record.isPrefetched != parameters.isPrefetched {
      return "its prefetch is \(record.isPrefetched)"
    }
    if !admits(record.limit) {
      return record.limit.map { "its limit is \($0) bytes" } ?? "it has no limit"
    }
    let kind = record.source.flatMap { _ in record.attributes[Self.sourceKindAttribute] }
    if record.source != source?.id || kind != source?.kind.rawValue {
      return record.source.map { "it was made of '\($0)'" } ?? "it was made empty"
    }
    return record.locality == .cluster || admits(node) ? nil : "it is on node \(node)"
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

extension VolumeRecord {
  /// Whether publishing the volume on a node has the store there fetch what others have written last.
  var isPrefetched: Bool { attributes[CreateVolumeParameters.prefetchAttribute] == "true" }
}

/// Size that a volume is to have, in bytes.
struct RequestedSize: Equatable, Sendable {
  /// Least size in bytes; 0 when it doesn't matter.
  let required: UInt64
  /// Greatest size in bytes; nil when it doesn't matter.
  let limit: UInt64?

  static let any = RequestedSize(required: 0, limit: nil)

  /// - Throws: `RPCError` with code `invalidArgument` for a range that holds no size.
  init(_ range: Csi_V1_CapacityRange) throws(RPCError) {
    guard let required = UInt64(exactly: range.requiredBytes), let limit = UInt64(exactly: range.limitBytes) else {
      throw RPCError(code: .invalidArgument, message: "capacity_range has a negative size")
    }
    guard limit == 0 || required <= limit else {
      throw RPCError(
        code: .invalidArgument, message: "capacity_range requires \(required) bytes and limits them to \(limit)")
    }
    self.init(required: required, limit: limit == 0 ? nil : limit)
  }

  init(required: UInt64, limit: UInt64?) {
    self.required = required
    self.limit = limit
  }

  /// Whether a volume of so many bytes is what is requested; nil stands for one without a limit of its own.
  func admits(_ quota: UInt64?) -> Bool {
    guard let quota else { return limit == nil }
    return quota >= required && quota <= limit ?? .max
  }

  /// The limit of a new volume, nil for none.
  ///
  /// - Throws: `RPCError` with code `outOfRange` when the parameters don't let it have the size.
  func quota(_ parameters: VolumeParameters) throws(RPCError) -> UInt64? {
    switch parameters.quota {
    case .request:
      // An author who limits a volume has counted, however little it is.
      guard let limit else { return parameters.limit(requested: required) }
      return required > 0 ? required : limit
    case .none:
      guard let limit else { return nil }
      throw RPCError(
        code: .outOfRange, message: "the volume may have \(limit) bytes at most, and parameter quota is 'none'")
    case .bytes(let bytes):
      if admits(bytes) { return bytes }
      let wish = bytes < required ? "\(required) bytes are required" : "\(limit ?? 0) bytes are the limit"
      throw RPCError(code: .outOfRange, message: "\(wish), and parameter quota gives every volume \(bytes)")
    }
  }
}
