import JSON

/// Document of a volume or snapshot that several stores have: what they agree on, changed as a whole.
public struct SharedVolume: Sendable, Equatable {
  public var settings: VolumeSettings
  /// Session of its objects, the same on all stores; 0 for scope `cluster`.
  public var session: UInt64
  /// Unix milliseconds.
  public var created: UInt64
  /// Whether nobody may write to it.
  public var isFrozen: Bool
  /// Number of the document's version; it rises with each change.
  public var generation: UInt64
  /// What a snapshot has; nil for a volume.
  public var contents: SnapshotContents?

  public init(
    _ settings: VolumeSettings, session: UInt64, created: UInt64, isFrozen: Bool = false, generation: UInt64 = 1
  ) {
    self.settings = settings
    self.session = session
    self.created = created
    self.isFrozen = isFrozen
    self.generation = generation
  }

  public var id: String { settings.id }

  /// Reads a document.
  ///
  /// - Throws: `StoreError` for a text that is none.
  public init(_ json: [UInt8]) throws(StoreError) {
    let message = RequestMessage()
    let result = json.withUnsafeBytes { bytes in
      Result { () throws(StoreError) in
        try message.parse(bytes)
        return try Self(message)
      }
    }
    self = try result.get()
  }

  /// Reads the fields of a document.
  ///
  /// - Throws: `StoreError` for what is none.
  public init(_ message: RequestMessage) throws(StoreError) {
    self.init(
      try VolumeSettings(message), session: try message.sessionNumber(), created: try message.integer("created"),
      isFrozen: try message.boolean("frozen", default: false), generation: try message.integer("generation"))
    guard message.isPresent("contents") else { return }
    contents = try message.object("contents") { fields throws(StoreError) in try SnapshotContents(fields) }
  }

  /// The document, as JSON.
  public var json: [UInt8] {
    let writer = ByteWriter(capacity: 512)
    writer.beginObject()
    writer.append(settings)
    if let contents {
      writer.beginObject("contents")
      writer.append(contents)
      writer.endObject()
    }
    writer.field("created", created)
    writer.field("frozen", isFrozen)
    writer.field("generation", generation)
    writer.field("session", hex: session, prefix: UInt8(ascii: "S"))
    writer.endObject()
    return Array(writer.bytes)
  }
}

extension RequestMessage {
  /// The field `session`: `S` and hexadecimal digits.
  ///
  /// - Throws: `StoreError` when it is missing or something else.
  public func sessionNumber() throws(StoreError) -> UInt64 {
    let text = Array(try string("session").utf8)
    guard text.first == UInt8(ascii: "S"), let number = text.withUnsafeBytes(HexText.parse) else {
      throw StoreError(.invalid, "session is S and hexadecimal digits")
    }
    return number
  }
}
