import ClusterInventory
import Documents
import Inspection
import StoreProtocol
import Support

/// An object as a command lists it: what it is, and where.
struct ListedObject: Sendable {
  let entry: ObjectEntry
  /// The store that showed it.
  let origin: StoreOrigin
  /// Name of the node that has it; empty where nobody says it.
  var node = ""
  /// Claim of its volume as `namespace/name`; empty for none.
  var claim = ""

  var id: ObjectID { entry.object.id }
}

/// Objects as people think of them.
struct PrintableEntries: PrintableData {
  let objects: [ListedObject]
  let now: UInt64

  func table(_ palette: Palette) -> String {
    var table = Table("name", "id", "type", "shape", "bytes", "age", "volume", "claim", "node", "copies")
    for listed in objects {
      let (entry, summary) = (listed.entry, listed.entry.summary)
      let name = entry.names.first.map {
        $0.printable(60) + (entry.names.count > 1 ? " +\(entry.names.count - 1)" : "")
      }
      let type = summary.detail.isEmpty ? summary.kind : "\(summary.kind) (\(summary.detail))"
      table.add(
        name ?? "", "\(listed.id)", type, summary.shapeText, entry.bytes.map { "\(ByteSize(bytes: $0))" } ?? "",
        Age.text(since: entry.object.created, now), entry.volume ?? "", listed.claim, listed.node.printable(40),
        entry.copies > 1 ? "\(entry.copies)" : "")
    }
    return table.withoutEmpty(["volume", "claim", "node", "copies"]).text
  }

  /// Metadata by id, as the original prints it, with what the table says.
  var value: Value {
    var fields = Fields()
    for listed in objects {
      var tree = listed.entry.object.tree
      tree["vineyardctl_summary"] = listed.summary(now)
      fields["\(listed.id)"] = tree
    }
    return .object(fields)
  }

  var names: [String] { objects.map { "\($0.id)" } }
}

extension ListedObject {
  /// The same as in the table, for programs.
  func summary(_ now: UInt64) -> Value {
    let summary = entry.summary
    var value: Value = [
      "names": Value(entry.names), "kind": .string(summary.kind), "detail": .string(summary.detail),
      "shape": summary.shape.map { .array($0.map { Value(unsigned: $0) }) } ?? .null,
      "bytes": entry.bytes.map { Value(unsigned: $0) } ?? .null,
      "created": entry.object.created.map { .string("\(Timestamp(milliseconds: Int64(clamping: $0)))") } ?? .null,
      "volume": entry.volume.map { .string($0) } ?? .null, "copies": Value(entry.copies),
      "store": .string(origin.label),
    ]
    if !claim.isEmpty { value["claim"] = .string(claim) }
    if !node.isEmpty { value["node"] = .string(node) }
    return value
  }
}

extension Value {
  /// An unsigned integer.
  init(unsigned value: UInt64) {
    self = Int64(exactly: value).map { .integer($0) } ?? .decimal(String(value))
  }
}

/// Metadata as the original's tables have it.
struct PrintableMetadata: PrintableData {
  let objects: [ListedObject]

  func table(_ palette: Palette) -> String {
    var table = Table("id", "typename", "length", "transient", "type", "members", "instance id", "volume")
    for listed in objects {
      let object = listed.entry.object
      let members = object.isGlobal ? object.members.map { "\($0.object.id)" } : []
      table.add(
        "\(object.id)", object.typename.printable(80), object.isBlob ? "\(object.length)" : "", "\(object.isTransient)",
        object.isGlobal ? "global" : "local", members.shortList, object.instance.map { "\($0)" } ?? "",
        listed.entry.volume ?? "")
    }
    return table.withoutEmpty(["volume"]).text
  }

  var value: Value {
    .object(objects.reduce(into: Fields()) { $0["\($1.id)"] = $1.entry.object.tree })
  }

  var names: [String] { objects.map { "\($0.id)" } }
}

/// Names and where they lead.
struct PrintableNames: PrintableData {
  struct Entry: Sendable {
    let name: StoredName
    let type: String
    let volume: String?
    let origin: StoreOrigin
  }

  let entries: [Entry]

  func table(_ palette: Palette) -> String {
    var table = Table("name", "id", "type", "volume", "node")
    for entry in entries {
      table.add(
        entry.name.name.printable(120), "\(entry.name.id)", entry.type, entry.volume ?? "", entry.origin.node)
    }
    return table.withoutEmpty(["volume", "node"]).text
  }

  var value: Value {
    .array(
      entries.map { entry in
        var value: Value = [
          "name": .string(entry.name.name), "id": .string("\(entry.name.id)"), "type": .string(entry.type),
          "volume": entry.volume.map { .string($0) } ?? .null, "store": .string(entry.origin.label),
        ]
        if !entry.origin.node.isEmpty { value["node"] = .string(entry.origin.node) }
        return value
      })
  }

  var names: [String] { entries.map { $0.name.name.printable(4096) } }
}

/// Lengths of time as kubectl writes ages.
enum Age {
  /// `45s`, `12m`, `3h`, `5d`; empty where the beginning is not known.
  ///
  /// - Parameters:
  ///   - start: unix milliseconds.
  ///   - now: unix milliseconds.
  static func text(since start: UInt64?, _ now: UInt64) -> String {
    guard let start else { return "" }
    let seconds = now > start ? (now - start) / 1000 : 0
    return switch seconds {
    case ..<120: "\(seconds)s"
    case ..<7200: "\(seconds / 60)m"
    case ..<172_800: "\(seconds / 3600)h"
    default: "\(seconds / 86400)d"
    }
  }
}
