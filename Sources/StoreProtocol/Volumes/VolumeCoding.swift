import JSON

// The JSON of volumes: settings, records, capacity, each written and read beside one another.

// MARK: - Settings

extension ByteWriter {
  /// Appends the settings of a volume as fields of an object, without braces: of a request, or of a document.
  public func append(_ settings: VolumeSettings) {
    field("id", settings.id)
    field("scope", settings.scope.rawValue)
    field("on_delete", settings.onDelete.rawValue)
    field("ephemeral", settings.isEphemeral)
    field("quota", settings.quota)
    field("attributes", settings.attributes)
    if settings.locality != .node { field("locality", settings.locality.rawValue) }
    if let policy = settings.overwrite { field("overwrite", policy.rawValue) }
    if let policy = settings.deletedMemory { field("deleted_memory", policy.rawValue) }
    guard let source = settings.source else { return }
    beginObject("source")
    field("kind", source.kind.rawValue)
    field("id", source.id)
    endObject()
  }

  /// Appends a field with an object of strings, in ascending order of the keys.
  func field(_ name: StaticString, _ attributes: [String: String]) {
    beginObject(name)
    for (key, value) in attributes.sorted(by: { $0.key < $1.key }) {
      self.key(text: key)
      append(jsonString: value)
    }
    endObject()
  }
}

extension VolumeSettings {
  /// Reads the fields of a request that opens a volume, or of a document.
  ///
  /// - Throws: `StoreError` with code invalid for a field of the wrong type, userInputError for a value that cannot be.
  public init(_ message: RequestMessage) throws(StoreError) {
    self.init(id: try message.volumeID())
    scope = try message.choice("scope", default: .volume, "'volume' or 'cluster'")
    locality = try message.choice("locality", default: .node, "'node' or 'cluster'")
    onDelete = try message.choice("on_delete", default: .delete, "'delete' or 'retain'")
    isEphemeral = try message.boolean("ephemeral", default: false)
    quota = try message.integer("quota", default: 0)
    attributes = try message.volumeAttributes()
    source = try message.volumeSource()
    overwrite = try message.choice("overwrite", "'delete' or 'keep'")
    deletedMemory = try message.choice("deleted_memory", "'keep' or 'reuse'")
  }
}

extension VolumeChange {
  /// Reads the fields of a request that changes a volume. Without `on_delete` the quota is required.
  ///
  /// - Throws: `StoreError` as for settings, with code userInputError for a quota that cannot be.
  public init(_ message: RequestMessage) throws(StoreError) {
    if message.span("on_delete") != nil {
      onDelete = try message.choice("on_delete", default: .delete, "'delete' or 'retain'")
    }
    quota = onDelete != nil && message.span("quota") == nil ? nil : try message.byteCount("quota")
  }
}

extension RequestMessage {
  /// Bytes that the names and texts of all attributes may take together.
  private static let largestAttributes = 1 << 16

  /// The id of a volume or a snapshot.
  ///
  /// - Throws: `StoreError` with code userInputError for a text that cannot be one.
  public func volumeID(_ field: StaticString = "id") throws(StoreError) -> String {
    try Self.requireVolumeID(try string(field))
  }

  private static func requireVolumeID(_ id: String) throws(StoreError) -> String {
    guard VolumeSettings.isValid(id: id) else {
      throw StoreError(
        .userInputError,
        "'\(id.prefix(160))' cannot be the id of a volume: 1 to \(VolumeSettings.longestID) of letters, digits, '.', "
          + "'_' and '-'")
    }
    return id
  }

  /// The field `kind` of a request, `volume` without it.
  ///
  /// - Throws: `StoreError` with code userInputError for another word.
  public func volumeKind() throws(StoreError) -> VolumeKind {
    try choice("kind", default: .volume, "'volume' or 'snapshot'")
  }

  /// The attributes of a volume; none when the field is absent.
  ///
  /// - Throws: `StoreError` with code invalid for values that are no texts, userInputError for more than 64 KiB.
  public func volumeAttributes() throws(StoreError) -> [String: String] {
    guard span("attributes") != nil else { return [:] }
    let entries = try entries("attributes") { $0.kind == .string ? bytes.string($0) : nil }
    guard entries.reduce(0, { $0 + $1.0.utf8.count + $1.1.utf8.count }) <= Self.largestAttributes else {
      throw StoreError(.userInputError, "the attributes take more than \(Self.largestAttributes) bytes")
    }
    return Dictionary(entries) { _, last in last }
  }

  /// The source of a volume; nil when the field is absent or null.
  fileprivate func volumeSource() throws(StoreError) -> VolumeSource? {
    guard let span = span("source"), span.kind != .null else { return nil }
    let fields = Dictionary(try entries("source") { $0.kind == .string ? bytes.string($0) : nil }) { _, last in last }
    guard let kind = fields["kind"].flatMap(VolumeKind.init), let id = fields["id"], fields.count == 2 else {
      throw StoreError(.userInputError, #"source is {"kind": "volume" or "snapshot", "id": …}"#)
    }
    return VolumeSource(kind: kind, id: try Self.requireVolumeID(id))
  }

  /// A word of an enumeration, or `fallback` when the field is absent or null.
  fileprivate func choice<Choice: RawRepresentable<String>>(
    _ field: StaticString, default fallback: Choice, _ words: String
  ) throws(StoreError) -> Choice {
    try choice(field, words) ?? fallback
  }

  /// A word of an enumeration, nil when the field is absent or null.
  fileprivate func choice<Choice: RawRepresentable<String>>(
    _ field: StaticString, _ words: String
  ) throws(StoreError) -> Choice? {
    guard let value = span(field), value.kind != .null else { return nil }
    let text = try string(field)
    guard let choice = Choice(rawValue: text) else {
      throw StoreError(.userInputError, "\(field) is \(words), not '\(text.prefix(160))'")
    }
    return choice
  }
}

// MARK: - Records

extension ByteWriter {
  /// Appends the record of a volume as a JSON object with its keys in ascending order.
  public func append(_ record: VolumeRecord) {
    beginObject()
    field("attributes", record.attributes)
    beginObject("condition")
    field("abnormal", record.condition.isAbnormal)
    field("message", record.condition.message)
    endObject()
    field("connections", record.connections)
    field("created", record.created)
    field("deleted_memory", orNull: record.deletedMemory?.rawValue)
    field("ephemeral", record.isEphemeral)
    field("frozen", record.isFrozen)
    field("id", record.id)
    field("kind", record.kind.rawValue)
    field("locality", record.locality.rawValue)
    if let time = record.lostContentsAt { field("lost_contents_at", time) } else { null("lost_contents_at") }
    field("names", record.names)
    field("objects", record.objects)
    field("on_delete", record.onDelete.rawValue)
    field("overwrite", orNull: record.overwrite?.rawValue)
    field("quota", record.quota)
    field("scope", record.scope.rawValue)
    field("source", orNull: record.source)
    if record.isUnconfirmed { field("unconfirmed", true) }
    field("used", record.used)
    endObject()
  }
}

extension VolumeRecord {
  /// Reads the record of a reply. A field that an older store does not send keeps its default, and a policy that is not
  /// known counts as none.
  ///
  /// - Throws: `StoreError` when it has no id, a field of the wrong type, or a kind, scope or `on_delete` that is not
  ///   known.
  public init(_ message: RequestMessage) throws(StoreError) {
    self.init(id: try message.string("id"), kind: try message.volumeKind())
    scope = try message.choice("scope", default: scope, "'volume' or 'cluster'")
    locality = try message.choice("locality", default: locality, "'node' or 'cluster'")
    onDelete = try message.choice("on_delete", default: onDelete, "'delete' or 'retain'")
    isEphemeral = try message.boolean("ephemeral", default: false)
    quota = try message.integer("quota", default: 0)
    used = try message.integer("used", default: 0)
    objects = Int(clamping: try message.integer("objects", default: 0))
    names = Int(clamping: try message.integer("names", default: 0))
    connections = Int(clamping: try message.integer("connections", default: 0))
    isFrozen = try message.boolean("frozen", default: false)
    if message.isPresent("condition") {
      condition = try message.object("condition") { fields throws(StoreError) in
        VolumeCondition(
          isAbnormal: try fields.boolean("abnormal", default: false), message: try fields.string("message", default: "")
        )
      }
    }
    created = try message.integer("created", default: 0)
    lostContentsAt = message.isPresent("lost_contents_at") ? try message.integer("lost_contents_at") : nil
    overwrite = message.isPresent("overwrite") ? OverwritePolicy(rawValue: try message.string("overwrite")) : nil
    deletedMemory =
      message.isPresent("deleted_memory") ? DeletedMemoryPolicy(rawValue: try message.string("deleted_memory")) : nil
    source = message.isPresent("source") ? try message.string("source") : nil
    attributes = try message.volumeAttributes()
    isUnconfirmed = try message.boolean("unconfirmed", default: false)
  }
}

// MARK: - Capacity and lists

extension ByteWriter {
  /// Appends the capacity of a store as a JSON object with its keys in ascending order.
  public func append(_ capacity: StoreCapacity) {
    beginObject()
    if !capacity.absentNodes.isEmpty { array("absent_nodes", capacity.absentNodes) { append(jsonString: $0) } }
    if capacity.isShared {
      beginArray("instances")
      for instance in capacity.instances {
        separate()
        append(instance)
      }
      endArray()
    }
    field("limit", capacity.limit)
    field("promised", capacity.reserved)
    field("shared", capacity.isShared)
    field("used", capacity.used)
    endObject()
  }

  private func append(_ instance: InstanceCapacity) {
    beginObject()
    field("endpoint", instance.endpoint)
    field("instance", instance.instance)
    field("limit", instance.limit)
    field("node", instance.node)
    field("promised", instance.promised)
    field("reachable", instance.isReachable)
    field("used", instance.used)
    endObject()
  }
}

extension StoreCapacity {
  /// Reads the capacity in a list of volumes.
  ///
  /// - Throws: `StoreError` when a number is missing.
  public init(_ message: RequestMessage) throws(StoreError) {
    self.init(
      limit: try message.integer("limit"), used: try message.integer("used"),
      reserved: try message.integer("promised", default: 0))
    isShared = try message.boolean("shared", default: false)
    if message.isPresent("absent_nodes") { absentNodes = try message.strings("absent_nodes") }
    guard isShared, message.isPresent("instances") else { return }
    instances = try message.objects("instances") { fields throws(StoreError) in try InstanceCapacity(fields) }
  }
}

extension InstanceCapacity {
  /// - Throws: `StoreError` when a number is missing.
  fileprivate init(_ message: RequestMessage) throws(StoreError) {
    self.init(
      instance: try message.integer("instance"), node: try message.string("node", default: ""),
      endpoint: try message.string("endpoint", default: ""),
      isReachable: try message.boolean("reachable", default: true), limit: try message.integer("limit"),
      used: try message.integer("used"), promised: try message.integer("promised", default: 0))
  }
}

extension RequestMessage {
  /// Whether a field is there, and not null.
  func isPresent(_ name: StaticString) -> Bool { span(name).map { $0.kind != .null } ?? false }

  /// A required object, whose fields `read` takes.
  ///
  /// - Throws: `StoreError` when it is missing or no object, and what `read` throws.
  public func object<Value>(
    _ name: StaticString, _ read: (RequestMessage) throws(StoreError) -> Value
  ) throws(StoreError) -> Value {
    let fields = RequestMessage()
    try fields.parse(bytes.slice(try required(name)))
    return try read(fields)
  }

  /// A required array of objects, whose fields `read` takes.
  ///
  /// - Throws: `StoreError` when it is missing or holds something else, and what `read` throws.
  public func objects<Value>(
    _ name: StaticString, _ read: (RequestMessage) throws(StoreError) -> Value
  ) throws(StoreError) -> [Value] {
    var spans: [JSONSpan] = []
    try forEachElement(name, "must be an array of objects") { span in
      spans.append(span)
      return span.kind == .object
    }
    let fields = RequestMessage()
    var values: [Value] = []
    values.reserveCapacity(spans.count)
    for span in spans {
      try fields.parse(bytes.slice(span))
      values.append(try read(fields))
    }
    return values
  }
}
