import ClusterInventory
import Documents
import Inspection
import StoreProtocol
import Support

/// One object, with its parts and its first values.
struct PrintableObject: PrintableData {
  let found: FoundObject
  let origin: StoreOrigin
  let claim: VolumeClaim?
  let now: UInt64

  /// Parts that are shown.
  private static let mostParts = 40

  private var node: String {
    found.isShared ? found.object.instance.flatMap { found.nodes[$0] } ?? origin.node : origin.node
  }

  func table(_ palette: Palette) -> String {
    let (object, summary) = (found.object, ObjectSummary(found.object))
    let fields: [(String, String)] = [
      ("id", "\(object.id)"), ("name", found.names.map { $0.printable(200) }.joined(separator: ", ")),
      ("type", summary.detail.isEmpty ? summary.kind : "\(summary.kind) (\(summary.detail))"),
      ("typename", object.typename.printable(120)), ("shape", summary.shapeText),
      ("bytes", found.bytes.map { "\(ByteSize(bytes: $0)) (\($0))" } ?? ""),
      ("age", Age.text(since: object.created, now)),
      ("shared", object.isTransient ? "no, only its store knows it" : "yes"), ("volume", found.volume ?? ""),
      ("claim", claim?.claim ?? ""), ("pods", claim?.pods.shortList ?? ""), ("node", node.printable(60)),
      ("store", origin.label),
    ].filter { !$0.1.isEmpty }
    let width = fields.map(\.0.count).max() ?? 0
    var text = fields.map { "\($0)\(String(repeating: " ", count: width - $0.count))  \($1)\n" }.joined()
    text += parts
    if let preview = found.preview { text += "\n\(Self.table(of: preview))" }
    return text
  }

  private var parts: String {
    let members = found.object.members.filter { !$0.object.isBlob }
    guard !members.isEmpty else { return "" }
    var table = Table("part", "id", "type", "shape")
    for (key, member) in members.prefix(Self.mostParts) {
      let summary = ObjectSummary(member)
      let type = summary.detail.isEmpty ? summary.kind : "\(summary.kind) (\(summary.detail))"
      table.add(partName(key), "\(member.id)", type, summary.shapeText)
    }
    let more = members.count > Self.mostParts ? "… and \(members.count - Self.mostParts) more parts\n" : ""
    return "\n\(table.text)\(more)"
  }

  /// The name of a column instead of the key of its value.
  private func partName(_ key: String) -> String {
    let prefix = "__values_-value-"
    guard key.hasPrefix(prefix), let name = found.object.tree["__values_-key-\(key.dropFirst(prefix.count))"]?.string
    else {
      return key.printable(60)
    }
    return name.printable(60)
  }

  private static func table(of preview: ValuePreview) -> String {
    var text = ""
    if !preview.columns.isEmpty {
      var table = Table(exactly: preview.columns)
      for row in preview.rows { table.add(row: row) }
      text += table.text
    }
    return text + preview.notes.map { "\($0)\n" }.joined()
  }

  /// The metadata by id, as the original prints it, with what the table says.
  var value: Value {
    var entry = ObjectEntry(found.object)
    (entry.names, entry.bytes, entry.volume) = (found.names, found.bytes, found.volume)
    var listed = ListedObject(entry: entry, origin: origin)
    (listed.node, listed.claim) = (node, claim?.claim ?? "")
    var tree = found.object.tree
    var summary = listed.summary(now)
    summary["copies"] = nil
    if let claim { summary["pods"] = Value(claim.pods) }
    if let preview = found.preview {
      summary["head"] = [
        "columns": Value(preview.columns), "rows": .array(preview.rows.map { Value($0) }),
        "notes": Value(preview.notes),
      ]
    }
    tree["vineyardctl_summary"] = summary
    return .object(["\(found.object.id)": tree])
  }

  var names: [String] { ["\(found.object.id)"] }
}

/// The beginning of a blob.
struct PrintableBytes: PrintableData {
  let id: ObjectID
  /// Bytes of all of it.
  let size: UInt64
  let bytes: [UInt8]

  func table(_ palette: Palette) -> String {
    var table = Table("offset", "bytes", "text")
    for line in HexDump.lines(bytes) { table.add(line.offset, line.bytes, line.text) }
    let more = size > UInt64(bytes.count) ? "… of \(ByteSize(bytes: size)) (\(size) bytes)\n" : ""
    return table.text + more
  }

  /// Source: the original writes a blob as a list of decimal numbers in a text.
  var value: Value {
    let list = "[\(bytes.map { String($0) }.joined(separator: " "))]"
    return .array([["id": .string("\(id)"), "size": Value(unsigned: size), "data": .string(list)]])
  }

  var names: [String] { ["\(id)"] }
}
