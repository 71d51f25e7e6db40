import JSON
import StoreProtocol

extension Store {
  /// Objects nested deeper are cut off, so that no metadata can exhaust the stack.
  private static let maximumNesting = 200

  /// Appends `"o…":{…}` for each of `ids` that exists, separated by commas and without braces around.
  ///
  /// - Returns: how many there were.
  /// - Throws: code 1 when the text would not fit in a message.
  public func render(
    _ ids: some Sequence<ObjectID>, in session: Session, into writer: ByteWriter
  ) throws(StoreError) -> Int {
    var count = 0
    for id in ids {
      let blob = id.isBlob ? readableBlob(id, in: session) : nil
      guard blob != nil || session.metadata.contains(id) else { continue }
      if count > 0 { writer.append(UInt8(ascii: ",")) }
      count += 1
      try requireRoom(writer)
      writer.append("\"")
      writer.append(hex: id.rawValue, prefix: UInt8(ascii: "o"))
      writer.append("\":")
      if let blob {
        renderBlob(id, size: blob.size, instance: configuration.instance, into: writer)
      } else {
        try render(id, in: session, into: writer, depth: 0)
      }
    }
    return count
  }

  /// Whether ``render(_:in:into:)`` has something to say about an id.
  public func isReadable(_ id: ObjectID, in session: Session) -> Bool {
    id.isBlob ? readableBlob(id, in: session) != nil : session.metadata.contains(id)
  }

  /// A blob that can be described: sealed, or the empty one.
  private func readableBlob(_ id: ObjectID, in session: Session) -> (size: UInt64, Void)? {
    if id == .emptyBlob { return (0, ()) }
    guard let blob = session.blobs[id], blob.isSealed else { return nil }
    return (blob.size, ())
  }

  private func renderBlob(_ id: ObjectID, size: UInt64, instance: UInt64, into writer: ByteWriter) {
    writer.append("{\"id\":\"")
    writer.append(hex: id.rawValue, prefix: UInt8(ascii: "o"))
    writer.append("\",\"instance_id\":")
    writer.append(decimal: instance)
    writer.append(",\"length\":")
    writer.append(decimal: size)
    writer.append(",\"nbytes\":")
    writer.append(decimal: size)
    writer.append(",\"transient\":true,\"typename\":\"vineyard::Blob\"}")
  }

  private func requireRoom(_ writer: ByteWriter) throws(StoreError) {
    guard UInt64(writer.count) > longestReply else { return }
    guard longestReply < Frame.maximumLength else {
      throw StoreError(.invalid, "the metadata is larger than a message may be (\(Frame.maximumLength) bytes)")
    }
    throw StoreError(
      .notEnoughMemory, "the store has no memory left for a reply of more than \(longestReply) bytes: ask for less")
  }

  private func render(
    _ id: ObjectID, in session: Session, into writer: ByteWriter, depth: Int
  ) throws(StoreError) {
    try requireRoom(writer)
    guard depth < Self.maximumNesting, let record = session.metadata[id] else {
      writer.append("{\"id\":\"")
      writer.append(hex: id.rawValue, prefix: UInt8(ascii: "o"))
      writer.append("\"}")
      return
    }
    writer.append(UInt8(ascii: "{"))
    var isFirst = true
    for slot in record.slots {
      if Self.isAbsent(slot, record) { continue }
      if !isFirst { writer.append(UInt8(ascii: ",")) }
      isFirst = false
      try render(slot, of: record, id, in: session, into: writer, depth: depth)
    }
    writer.append(UInt8(ascii: "}"))
  }

  private static func isAbsent(_ slot: MetadataRecord.Slot, _ record: MetadataRecord) -> Bool {
    switch slot {
    case .name: record.name == nil
    case .labels: record.labels.isEmpty
    default: false
    }
  }

  private func render(
    _ slot: MetadataRecord.Slot, of record: MetadataRecord, _ id: ObjectID, in session: Session,
    into writer: ByteWriter, depth: Int
  ) throws(StoreError) {
    switch slot {
    case .text(let range): append(record.text, range, to: writer)
    case .link(let range, let index):
      append(record.text, range, to: writer)
      let link = record.links[index]
      switch link.target {
      case .blob(let blob): renderBlob(blob, size: 0, instance: link.instance, into: writer)
      case .object(let member): try render(member, in: session, into: writer, depth: depth + 1)
      case .signature(let signature, _, let fallback):
        let member = session.metadata.resolve(signature: signature, fallback: fallback)
        try render(member, in: session, into: writer, depth: depth + 1)
      }
    case .timestamp:
      writer.append("\"__timestamp\":")
      writer.append(decimal: record.timestamp)
    case .id:
      writer.append("\"id\":\"")
      writer.append(hex: id.rawValue, prefix: UInt8(ascii: "o"))
      writer.append("\"")
    case .instance:
      writer.append("\"instance_id\":")
      writer.append(decimal: record.instance)
    case .signature:
      writer.append("\"signature\":")
      writer.append(decimal: record.signature)
    case .transient: writer.append(record.isTransient ? "\"transient\":true" : "\"transient\":false")
    case .name:
      writer.append("\"__name\":")
      writer.append(jsonString: NameTable.escaped(record.name ?? ""))
    case .labels:
      writer.append("\"__labels\":")
      writer.append(jsonString: Self.labelDocument(record.labels))
    }
  }

  private func append(_ text: [UInt8], _ range: Range<Int>, to writer: ByteWriter) {
    text.withUnsafeBytes { writer.append(UnsafeRawBufferPointer(rebasing: $0[range])) }
  }

  /// Labels are kept as a JSON document inside a JSON string.
  private static func labelDocument(_ labels: [(key: String, value: String)]) -> String {
    let writer = ByteWriter(capacity: 256)
    writer.append("{")
    for (index, label) in labels.enumerated() {
      if index > 0 { writer.append(",") }
      writer.append(jsonString: label.key)
      writer.append(":")
      writer.append(jsonString: label.value)
    }
    writer.append("}")
    return String(decoding: writer.bytes, as: UTF8.self)
  }
}
