import JSON
import StoreCore
import StoreProtocol

/// What is kept on disk of a volume, so that a restarted store opens it again: the fields of the request that opened it
/// and a few more.
struct VolumeDocument {
  let settings: Volume.Settings
  /// Unix milliseconds.
  let created: UInt64
  let isFrozen: Bool
  /// Whether there were contents when the document was written.
  let isWritten: Bool
  /// When contents were lost last by a restart, in unix milliseconds; nil when none were.
  let lostContentsAt: UInt64?
  /// Whether nothing was written since contents were lost.
  let isLossUnmended: Bool

  init(_ volume: Volume) {
    settings = volume.settings
    created = volume.created
    isFrozen = volume.isFrozen
    isWritten = volume.isWritten
    lostContentsAt = volume.lostContentsAt
    isLossUnmended = volume.hasLostContents
  }

  /// - Throws: what is wrong with the text.
  init(_ json: [UInt8]) throws(StoreError) {
    let message = RequestMessage()
    let result = json.withUnsafeBytes { bytes in
      Result { () throws(StoreError) in
        try message.parse(bytes)
        return try Self(message)
      }
    }
    self = try result.get()
  }

  private init(_ message: RequestMessage) throws(StoreError) {
    settings = try Volume.Settings(message)
    created = try message.integer("created")
    isFrozen = try message.boolean("frozen")
    isWritten = try message.boolean("written")
    lostContentsAt = message.span("lost_contents_at") == nil ? nil : try message.integer("lost_contents_at")
    isLossUnmended = try message.boolean("loss_unmended", default: false)
  }

  var json: [UInt8] {
    let writer = ByteWriter(capacity: 512)
    writer.append("{")
    writer.append(settings)
    writer.append(",\"created\":")
    writer.append(decimal: created)
    writer.append(isFrozen ? ",\"frozen\":true" : ",\"frozen\":false")
    writer.append(isWritten ? ",\"written\":true" : ",\"written\":false")
    if let lostContentsAt {
      writer.append(",\"lost_contents_at\":")
      writer.append(decimal: lostContentsAt)
      if isLossUnmended { writer.append(",\"loss_unmended\":true") }
    }
    writer.append("}\n")
    return Array(writer.bytes)
  }
}

extension ByteWriter {
  /// The settings of a volume as fields of an object, without braces.
  fileprivate func append(_ settings: Volume.Settings) {
    append("\"id\":")
    append(jsonString: settings.id)
    append(",\"scope\":")
    append(jsonString: settings.scope.rawValue)
    append(",\"on_delete\":")
    append(jsonString: settings.onDelete.rawValue)
    append(settings.isEphemeral ? ",\"ephemeral\":true" : ",\"ephemeral\":false")
    append(",\"quota\":")
    append(decimal: settings.quota)
    append(",\"attributes\":")
    append(settings.attributes)
    if let policy = settings.overwrite {
      append(",\"overwrite\":")
      append(jsonString: policy.rawValue)
    }
    if let policy = settings.deletedMemory {
      append(",\"deleted_memory\":")
      append(jsonString: policy.rawValue)
    }
    guard let source = settings.source else { return }
    append(",\"source\":{\"kind\":")
    append(jsonString: source.kind.rawValue)
    append(",\"id\":")
    append(jsonString: source.id)
    append("}")
  }

  /// An object of strings, in ascending order of the keys.
  func append(_ attributes: [String: String]) {
    append("{")
    list(attributes.sorted { $0.key < $1.key }) { entry in
      append(jsonString: entry.key)
      append(":")
      append(jsonString: entry.value)
    }
    append("}")
  }
}
