import CSIProtocol
import GRPCCore
import StoreClient
import StoreProtocol
import Support
import SwiftProtobuf

/// The record of a store in the words of the interface.
extension Csi_V1_Volume {
  init(_ record: VolumeRecord, in store: StoreEndpoint) {
    self.init()
    // 0 stands for unknown; the callers take what they requested.
    capacityBytes = Int64(clamping: record.quota)
    volumeID = VolumeHandle.id(of: record, in: store.cluster)
    volumeContext = VolumeParameters(record, of: store.cluster).context(limit: record.limit)
    if let source = record.source {
      let id = "\(store.cluster)/\(source)"
      contentSource = .with {
        if record.attributes[CreateVolumeParameters.sourceKindAttribute] == VolumeKind.snapshot.rawValue {
          $0.snapshot = .with { $0.snapshotID = id }
        } else {
          $0.volume = .with { $0.volumeID = id }
        }
      }
    }
    accessibleTopology = [Csi_V1_Topology(of: record, in: store)]
  }
}

extension Csi_V1_VolumeCondition {
  init(_ record: VolumeRecord) {
    self.init()
    abnormal = record.condition.isAbnormal
    message = record.condition.message
    if message.isEmpty {
      let limit = record.limit.map { " of \(ByteSize(bytes: $0))" } ?? ""
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
    // One that has lost a part with its store is of no use any more.
    readyToUse = !record.condition.isAbnormal
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

extension VolumeParameters {
  /// The parameters with which a volume was made.
  init(_ record: VolumeRecord, of cluster: ClusterName) {
    self.cluster = cluster
    scope = record.scope
    onDelete = record.onDelete
    quota = record.limit.map { .bytes($0) } ?? .none
    overwrite = record.overwrite
    deletedMemory = record.deletedMemory
    locality = record.locality
    isPrefetched = record.isPrefetched
    isEphemeral = record.isEphemeral
    attributes = record.attributes.filter { attribute in
      Key.kubernetesPrefixes.contains { attribute.key.hasPrefix($0) }
    }
  }
}

/// Part of a list that is sent in parts.
///
/// A token names the last entry of the part before, so that entries which come and go in between move no others.
struct Page<Entry: Sendable>: Sendable {
  let entries: [Entry]
  /// Leads to the next part; empty when there is none.
  let nextToken: String

  /// Cuts a part out of a list.
  ///
  /// - Parameters:
  ///   - list: what is listed; a token is good for lists of this name only.
  ///   - id: names an entry; no two have the same.
  ///   - limit: most entries in the part, 0 for all.
  /// - Throws: `RPCError` with code `aborted` for a token that is none, `invalidArgument` for a negative limit.
  init(
    of all: [Entry], list: String, id: (Entry) -> String, after token: String, limit: Int32
  ) throws(RPCError) {
    guard limit >= 0 else { throw RPCError(code: .invalidArgument, message: "max_entries is negative") }
    let last = try Self.id(in: token, of: list)
    var rest = all.map { (id: id($0), entry: $0) }.sorted { $0.id < $1.id }[...]
    if let last { rest = rest.drop { $0.id <= last } }
    let part = limit == 0 ? rest : rest.prefix(Int(limit))
    entries = part.map(\.entry)
    nextToken = part.count == rest.count ? "" : part.last.map { Self.token($0.id, of: list) } ?? ""
  }

  private static func token(_ id: String, of list: String) -> String { Base64.encode(Array("\(list):\(id)".utf8)) }

  private static func id(in token: String, of list: String) throws(RPCError) -> String? {
    if token.isEmpty { return nil }
    let prefix = "\(list):"
    guard let text = Base64.decode(token).flatMap({ String(validating: $0, as: UTF8.self) }), text.hasPrefix(prefix)
    else {
      throw RPCError(
        code: .aborted, message: "starting_token '\(token)' is not valid (hint: list again without a token)")
    }
    return String(text.dropFirst(prefix.count))
  }
}
