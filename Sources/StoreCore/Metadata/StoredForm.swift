import JSON
import StoreProtocol

/// Objects as 0.24.2 writes them to a backend that daemons share: JSON whose strings begin with `v`, or with `l` when
/// they name a member (facts: `store-protocol.md`, 4.1 and 4.6).
public enum StoredForm {
  // MARK: - Writing

  /// The JSON text of a persistent object, without its id and labels, which are keys of their own.
  ///
  /// - Parameter typename: that of a member.
  static func text(of record: MetadataRecord, typename: (ObjectID) -> String?) -> [UInt8] {
    let writer = ByteWriter(capacity: record.text.count + record.extra.count + 256)
    for slot in record.slots {
      switch slot {
      case .id, .labels: continue
      case .name where record.name == nil: continue
      default: writer.append(writer.count == 0 ? UInt8(ascii: "{") : UInt8(ascii: ","))
      }
      switch slot {
      case .text(let range): append(record.text[range], to: writer)
      case .extra(let range): append(record.extra[range], to: writer)
      case .link(let range, let index):
        writer.append(Array(record.text[range]))
        writer.append(jsonString: "l" + link(record.links[index], typename))
      case .timestamp: append("\"__timestamp\":", record.timestamp, to: writer)
      case .instance: append("\"instance_id\":", record.instance, to: writer)
      case .signature: append("\"signature\":", record.signature, to: writer)
      case .transient: writer.append("\"transient\":false")
      case .name:
        writer.append("\"__name\":")
        writer.append(jsonString: "v" + NameTable.escaped(record.name ?? ""))
      case .id, .labels: break
      }
    }
    writer.append(writer.count == 0 ? "{}" : "}")
    return Array(writer.bytes)
  }

  /// The labels of an object: a JSON document inside a JSON string.
  static func labels(of record: MetadataRecord) -> [UInt8] {
    let document = ByteWriter(capacity: record.labelBytes + 64)
    for (key, value) in record.labels {
      document.append(document.count == 0 ? UInt8(ascii: "{") : UInt8(ascii: ","))
      document.append(jsonString: key.text)
      document.append(UInt8(ascii: ":"))
      document.append(jsonString: value)
    }
    document.append(document.count == 0 ? "{}" : "}")
    let writer = ByteWriter(capacity: document.count + 64)
    writer.append(jsonString: "v" + String(decoding: document.bytes, as: UTF8.self))
    return Array(writer.bytes)
  }

  private static func append(_ key: StaticString, _ number: UInt64, to writer: ByteWriter) {
    writer.append(key)
    writer.append(decimal: number)
  }

  /// Writes `"key":value`, a string with its mark.
  private static func append(_ field: ArraySlice<UInt8>, to writer: ByteWriter) {
    var end = field.startIndex + 1
    while field[end] != UInt8(ascii: "\"") { end += field[end] == UInt8(ascii: "\\") ? 2 : 1 }
    let value = field[(end + 2)...]
    guard value.first == UInt8(ascii: "\"") else { return writer.append(Array(field)) }
    writer.append(Array(field[...(end + 2)]))
    writer.append(UInt8(ascii: "v"))
    writer.append(Array(value.dropFirst()))
  }

  private static func link(_ link: MemberLink, _ typename: (ObjectID) -> String?) -> String {
    switch link.target {
    case .blob(let id): return "\(id).vineyard::Blob@\(link.instance)"
    case .object(let id): return "\(id).\(short(typename(id)))"
    case .signature(let signature, _, let id):
      return "\(HexText.string(prefix: UInt8(ascii: "s"), signature)).\(short(typename(id)))"
    }
  }

  /// A type without its parameters: readers take what follows the first dot for it.
  private static func short(_ typename: String?) -> String {
    String((typename ?? "").prefix { $0 != "<" })
  }

  // MARK: - Reading

  /// An object that somebody wrote, or code 21 for what is no object in this form.
  ///
  /// - Parameter member: the object that has a signature; nil when it is not known yet.
  static func record(
    of text: UnsafeRawBufferPointer, member: (UInt64) -> ObjectID?
  ) -> Result<MetadataRecord, StoreError> {
    var reading = Reading()
    do throws(JSONError) {
      var scanner = JSONScanner(text)
      try scanner.scanObject { key, value throws(JSONError) in reading.take(text, key, value, member) }
      try scanner.finish()
    } catch {
      return .failure(StoreError(.metaTreeInvalid, "an object in the backend is no JSON: \(error.reason)"))
    }
    return reading.record()
  }

  /// The labels in the text of a string that begins with `v`.
  static func labels(in text: UnsafeRawBufferPointer) -> [(key: String, value: String)] {
    var labels: [(key: String, value: String)] = []
    var scanner = JSONScanner(text)
    guard let span = try? scanner.scanValue(), span.kind == .string else { return [] }
    let document = Array(text.string(span).utf8.dropFirst())
    document.withUnsafeBytes { document in
      var scanner = JSONScanner(document)
      try? scanner.scanObject { key, value in
        if value.kind == .string { labels.append((document.string(key), document.string(value))) }
      }
    }
    return labels
  }

  /// What was read of an object.
  private struct Reading {
    private var document = MetadataDocument()
    private var links: [[UInt8]: MemberLink] = [:]
    private var typename: String?
    private var instance: UInt64 = 0
    private var signature: UInt64?
    private var timestamp: UInt64 = 0
    private var isWrong = false
    private var labels: [(key: String, value: String)] = []

    mutating func take(
      _ text: UnsafeRawBufferPointer, _ key: JSONSpan, _ value: JSONSpan, _ member: (UInt64) -> ObjectID?
    ) {
      let name = text.string(key)
      switch name {
      case "id", "transient", "__name": return
      case "__labels": labels = StoredForm.labels(in: text.slice(value))
      case "__timestamp": timestamp = text.integer(value) ?? 0
      case "instance_id": instance = text.integer(value) ?? 0
      case "signature": signature = text.integer(value)
      default:
        guard value.kind == .string else {
          if name == "global" { document.isGlobal = text[value.start] == UInt8(ascii: "t") }
          if value.kind != .object { add(text, key, .text(Array(text.slice(value)))) }
          return
        }
        let raw = text.rawString(value)
        guard raw.first != UInt8(ascii: "l") else {
          guard let link = Self.link(text.string(value).dropFirst(), member) else {
            isWrong = true
            return
          }
          links[Array(text.rawString(key))] = link
          return add(text, key, .member(MetadataDocument()))
        }
        if name == "typename" { typename = String(text.string(value).dropFirst()) }
        add(text, key, .text([UInt8(ascii: "\"")] + raw.dropFirst() + [UInt8(ascii: "\"")]))
      }
    }

    private mutating func add(_ text: UnsafeRawBufferPointer, _ key: JSONSpan, _ value: MetadataDocument.Value) {
      document.fields.append(MetadataDocument.Field(key: Array(text.rawString(key)), value: value))
    }

    /// Reads `o….type`, `o….vineyard::Blob@instance` or `s….type`.
    private static func link(_ text: Substring, _ member: (UInt64) -> ObjectID?) -> MemberLink? {
      let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, let number = Array(parts[0].utf8).withUnsafeBytes(HexText.parse) else { return nil }
      let id = ObjectID(number)
      if parts[0].hasPrefix("s") {
        return MemberLink(
          target: .signature(number, instance: InstanceID.unspecified, fallback: member(number) ?? .invalid),
          instance: InstanceID.unspecified)
      }
      guard id.isBlob else { return MemberLink(target: .object(id), instance: InstanceID.unspecified) }
      let place = parts[1].split(separator: "@").last.flatMap { UInt64($0) }
      return MemberLink(target: .blob(id), instance: place ?? InstanceID.unspecified)
    }

    mutating func record() -> Result<MetadataRecord, StoreError> {
      guard !isWrong, let typename, let signature else {
        return .failure(
          StoreError(.metaTreeInvalid, "an object in the backend lacks its type, its signature or a member"))
      }
      document.isTransient = false
      document.fields.sort { $0.key.lexicographicallyPrecedes($1.key) }
      let members = document.fields.compactMap { links[$0.key] }
      var layout = RecordLayout(
        MetadataRecord(document, typename: typename, signature: signature, instance: instance, timestamp: timestamp),
        document, links: members)
      var work = Work()
      guard var record = layout.step(&work) else {
        return .failure(StoreError(.metaTreeInvalid, "an object in the backend cannot be laid out"))
      }
      for (key, value) in labels { record.label(key, value) }
      return .success(record)
    }
  }
}
