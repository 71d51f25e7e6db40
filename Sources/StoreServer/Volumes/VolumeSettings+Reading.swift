import JSON
import StoreCore
import StoreProtocol

extension RequestMessage {
  /// Bytes that the names and texts of all attributes may take together.
  private static let largestAttributes = 1 << 16

  /// The id of a volume or a snapshot.
  ///
  /// - Throws: userInputError for a text that cannot be one.
  func volumeID(_ field: StaticString = "id") throws(StoreError) -> String {
    try Self.requireVolumeID(try string(field))
  }

  private static func requireVolumeID(_ id: String) throws(StoreError) -> String {
    guard Volume.isValid(id: id) else {
      throw StoreError(
        .userInputError,
        "'\(id.prefix(160))' cannot be the id of a volume: 1 to \(Volume.longestID) of letters, digits, '.', '_' and '-'"
      )
    }
    return id
  }

  /// Free texts that belong to a volume; none when the field is absent.
  func attributes() throws(StoreError) -> [String: String] {
    guard span("attributes") != nil else { return [:] }
    let entries = try entries("attributes") { $0.kind == .string ? bytes.string($0) : nil }
    guard entries.reduce(0, { $0 + $1.0.utf8.count + $1.1.utf8.count }) <= Self.largestAttributes else {
      throw StoreError(.userInputError, "the attributes take more than \(Self.largestAttributes) bytes")
    }
    return Dictionary(entries) { _, last in last }
  }

  /// One of the words of an enumeration, or `fallback` when the field is absent.
  func choice<Choice: RawRepresentable<String>>(
    _ field: StaticString, default fallback: Choice, _ words: String
  ) throws(StoreError) -> Choice {
    try choice(field, words) ?? fallback
  }

  /// One of the words of an enumeration, nil when the field is absent or null.
  func choice<Choice: RawRepresentable<String>>(
    _ field: StaticString, _ words: String
  ) throws(StoreError) -> Choice? {
    guard let value = span(field), value.kind != .null else { return nil }
    let text = try string(field)
    guard let choice = Choice(rawValue: text) else {
      throw StoreError(.userInputError, "\(field) is \(words), not '\(text.prefix(160))'")
    }
    return choice
  }

  /// What a volume is to start with; nil when the field is absent or null.
  fileprivate func volumeSource() throws(StoreError) -> Volume.Source? {
    guard let span = span("source"), span.kind != .null else { return nil }
    let fields = Dictionary(try entries("source") { $0.kind == .string ? bytes.string($0) : nil }) { _, last in last }
    guard let kind = fields["kind"].flatMap(Volume.Kind.init), let id = fields["id"], fields.count == 2 else {
      throw StoreError(.userInputError, #"source is {"kind": "volume" or "snapshot", "id": …}"#)
    }
    return Volume.Source(kind: kind, id: try Self.requireVolumeID(id))
  }
}

extension Volume.Settings {
  /// Reads the fields of a request that opens a volume.
  init(_ message: RequestMessage) throws(StoreError) {
    self.init(id: try message.volumeID())
    scope = try message.choice("scope", default: .volume, "'volume' or 'cluster'")
    onDelete = try message.choice("on_delete", default: .delete, "'delete' or 'retain'")
    isEphemeral = try message.boolean("ephemeral", default: false)
    quota = try message.integer("quota", default: 0)
    attributes = try message.attributes()
    source = try message.volumeSource()
    overwrite = try message.choice("overwrite", "'delete' or 'keep'")
    deletedMemory = try message.choice("deleted_memory", "'keep' or 'reuse'")
  }
}
