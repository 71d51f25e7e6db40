import ClusterInventory
import Documents
import Inspection
import StoreProtocol
import Support

/// A volume with the claim it belongs to and the pods that use it.
struct ListedVolume: Sendable {
  let record: VolumeRecord
  let origin: StoreOrigin
  /// Claim and pods, as the cluster knows them; nil outside of one, and without the right to see it.
  var claimed: VolumeClaim?

  /// Source: the external provisioner of CSI, `--extra-create-metadata`.
  var claim: String {
    if let claimed, !claimed.claim.isEmpty { return claimed.claim }
    guard let namespace = record.attributes["csi.storage.k8s.io/pvc/namespace"],
      let name = record.attributes["csi.storage.k8s.io/pvc/name"]
    else { return "" }
    return "\(namespace)/\(name)".printable(120)
  }

  var pods: [String] {
    if let claimed { return claimed.pods }
    guard let namespace = record.attributes["csi.storage.k8s.io/pod.namespace"],
      let name = record.attributes["csi.storage.k8s.io/pod.name"]
    else { return [] }
    return ["\(namespace)/\(name)".printable(120)]
  }

  /// `ok`, or what is the matter.
  var state: String {
    if record.condition.isAbnormal { return record.condition.message.printable(160) }
    return record.kind == .snapshot ? "snapshot" : record.isFrozen ? "frozen" : "ok"
  }
}

/// Volumes and snapshots of stores.
struct PrintableVolumes: PrintableData {
  let volumes: [ListedVolume]
  let now: UInt64

  func table(_ palette: Palette) -> String {
    var table = Table("volume", "claim", "pods", "node", "used", "quota", "objects", "names", "clients", "age", "state")
    for volume in volumes {
      let record = volume.record
      table.add(
        record.id, volume.claim, volume.pods.shortList, volume.origin.node, "\(ByteSize(bytes: record.used))",
        record.limit.map { "\(ByteSize(bytes: $0))" } ?? "none", "\(record.objects)", "\(record.names)",
        "\(record.connections)", Age.text(since: record.created, now),
        record.condition.isAbnormal ? palette.paint(volume.state, .yellow) : volume.state)
    }
    return table.withoutEmpty(["claim", "pods", "node"]).text
  }

  var value: Value { .array(volumes.map(\.value)) }
  var names: [String] { volumes.map(\.record.id) }
}

extension ListedVolume {
  var value: Value {
    [
      "id": .string(record.id), "kind": .string(record.kind.rawValue), "scope": .string(record.scope.rawValue),
      "locality": .string(record.locality.rawValue), "claim": claim.isEmpty ? .null : .string(claim),
      "pods": Value(pods),
      "store": .string(origin.label), "node": origin.node.isEmpty ? .null : .string(origin.node),
      "used": Value(unsigned: record.used), "quota": record.limit.map { Value(unsigned: $0) } ?? .null,
      "objects": Value(record.objects), "names": Value(record.names), "clients": Value(record.connections),
      "frozen": .boolean(record.isFrozen), "abnormal": .boolean(record.condition.isAbnormal),
      "message": .string(record.condition.message),
      "created": .string("\(Timestamp(milliseconds: Int64(clamping: record.created)))"),
      "lostContentsAt": record.lostContentsAt.map { .string("\(Timestamp(milliseconds: Int64(clamping: $0)))") }
        ?? .null,
      "source": record.source.map { .string($0) } ?? .null, "attributes": Value(record.attributes),
    ]
  }
}

/// The stores themselves.
struct PrintableStores: PrintableData {
  struct Entry: Sendable {
    let survey: StoreSurvey
    let origin: StoreOrigin

    /// The record that the store shows of itself.
    var record: Value? { survey.instances["i\(survey.instance)"] }
    var node: String { origin.node.isEmpty ? record?["nodename"]?.string ?? "" : origin.node }
    var limit: UInt64? { survey.capacity?.limit ?? survey.status["memory_limit"]?.int.flatMap { UInt64(exactly: $0) } }
    var used: UInt64? { survey.capacity?.used ?? survey.status["memory_usage"]?.int.flatMap { UInt64(exactly: $0) } }
    var clients: Int {
      (survey.status["ipc_connections"]?.int ?? 0) + (survey.status["rpc_connections"]?.int ?? 0)
    }
  }

  let entries: [Entry]

  func table(_ palette: Palette) -> String {
    var table = Table("store", "instance", "node", "used", "limit", "volumes", "clients", "endpoint", "version")
    for entry in entries {
      table.add(
        entry.origin.label, "i\(entry.survey.instance)", entry.node.printable(60),
        entry.used.map { "\(ByteSize(bytes: $0))" } ?? "", entry.limit.map { "\(ByteSize(bytes: $0))" } ?? "",
        entry.survey.capacity == nil ? "" : "\(entry.survey.volumes.count)", "\(entry.clients)",
        (entry.record?["rpc_endpoint"]?.string ?? "").printable(80), entry.survey.version.printable(20))
    }
    return table.text
  }

  var value: Value {
    .array(
      entries.map { entry in
        [
          "store": .string(entry.origin.label), "instance": Value(unsigned: entry.survey.instance),
          "node": .string(entry.node), "used": entry.used.map { Value(unsigned: $0) } ?? .null,
          "limit": entry.limit.map { Value(unsigned: $0) } ?? .null, "volumes": Value(entry.survey.volumes.count),
          "clients": Value(entry.clients), "endpoint": entry.record?["rpc_endpoint"] ?? .null,
          "socket": entry.record?["ipc_socket"] ?? .null, "version": .string(entry.survey.version),
        ]
      })
  }

  var names: [String] { entries.map(\.origin.label) }
}

/// The instances of a cluster, as the original prints them.
struct PrintableInstances: PrintableData {
  /// Records by `i` and number.
  let instances: Fields

  private static let columns = ["hostid", "hostname", "ipc_socket", "nodename", "rpc_endpoint", "timestamp"]

  func table(_ palette: Palette) -> String {
    var table = Table("instance id", "hostid", "hostname", "ipc socket", "nodename", "rpc endpoint", "timestamp")
    for (id, record) in instances {
      table.add(
        row: [id.printable()] + Self.columns.map { record[$0].map { ($0.string ?? $0.json).printable(100) } ?? "" })
    }
    return table.text
  }

  var value: Value { .object(instances) }
  var names: [String] { instances.keys.map { $0.printable() } }
}
