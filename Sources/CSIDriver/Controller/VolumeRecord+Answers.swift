import CSIProtocol
import StoreClient
import Support
import SwiftProtobuf

/// What a store tells, in the words of the interface.
extension Csi_V1_Volume {
  init(_ record: VolumeRecord, in store: StoreEndpoint) {
    self.init()
    // 0 stands for unknown; the callers take what they requested.
    capacityBytes = Int64(clamping: record.quota ?? 0)
    volumeID = VolumeHandle.id(of: record, in: store.cluster)
    volumeContext = VolumeSettings(record, of: store.cluster).context(limit: record.quota)
    if let source = record.source {
      let id = "\(store.cluster)/\(source)"
      contentSource = .with {
        if record.attributes[VolumeOrder.sourceKindAttribute] == VolumeKind.snapshot.rawValue {
          $0.snapshot = .with { $0.snapshotID = id }
        } else {
          $0.volume = .with { $0.volumeID = id }
        }
      }
    }
    accessibleTopology = [NodeTopology.topology(store.node)]
  }
}

extension Csi_V1_VolumeCondition {
  init(_ record: VolumeRecord) {
    self.init()
    abnormal = record.condition.isAbnormal
    message = record.condition.message
    if message.isEmpty {
      let limit = record.quota.map { " of \(ByteSize(bytes: $0))" } ?? ""
      message = "\(ByteSize(bytes: record.used))\(limit) used, \(record.objects) objects"
    }
  }

  /// The condition of a volume whose store doesn't answer.
  init(_ failure: StoreFailure) {
    self.init()
    abnormal = true
    message = failure.message
  }
}

extension Csi_V1_Snapshot {
  init(_ record: VolumeRecord, in cluster: ClusterName) {
    self.init()
    // A volume made of it needs so much room at least.
    sizeBytes = Int64(clamping: record.used)
    snapshotID = "\(cluster)/\(record.id)"
    sourceVolumeID = "\(cluster)/\(record.source ?? "")"
    creationTime = Google_Protobuf_Timestamp(
      seconds: Int64(record.created / 1000), nanos: Int32(record.created % 1000 * 1_000_000))
    readyToUse = true
  }
}

extension VolumeHandle {
  /// The id under which callers know a volume.
  ///
  /// The node half opens inline volumes and the original's under ids that have no cluster in them.
  static func id(of record: VolumeRecord, in cluster: ClusterName) -> String {
    record.isEphemeral || isUUID(record.id) ? record.id : "\(cluster)/\(record.id)"
  }
}

extension VolumeSettings {
  /// The settings with which a volume was made.
  init(_ record: VolumeRecord, of cluster: ClusterName) {
    self.cluster = cluster
    scope = record.scope
    onDelete = record.onDelete
    quota = record.quota.map { .bytes($0) } ?? .none
    overwrite = record.overwrite
    deletedMemory = record.deletedMemory
    isEphemeral = record.isEphemeral
    attributes = record.attributes.filter { attribute in
      VolumeParameter.kubernetesPrefixes.contains { attribute.key.hasPrefix($0) }
    }
  }
}
