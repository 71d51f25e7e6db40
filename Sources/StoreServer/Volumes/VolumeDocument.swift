import JSON
import StoreCore
import StoreProtocol

/// Record of a volume on disk, from which a restarted store opens it again: the fields of the request that opened it
/// and a few more.
struct VolumeDocument {
  let settings: VolumeSettings
  /// Unix milliseconds.
  let created: UInt64
  let isFrozen: Bool
  /// Whether there were contents when the document was written.
  let isWritten: Bool
  /// Time at which a restart last lost the contents, in unix milliseconds; nil when none did.
  let lostContentsAt: UInt64?
  /// Whether nothing was written since contents were lost.
  let isLossUnrepaired: Bool
  /// Session and generation of a volume that other stores have, too.
  let sharing: (session: UInt64, generation: UInt64)?

  init(_ volume: Volume) {
    settings = volume.settings
    created = volume.created
    isFrozen = volume.isFrozen
    isWritten = volume.isWritten
    lostContentsAt = volume.lostContentsAt
    isLossUnrepaired = volume.hasLostContents
    sharing = volume.isShared ? (volume.session.id, volume.generation) : nil
  }

  /// What other stores know of it; nil for a volume of this store alone.
  var shared: SharedVolume? {
    sharing.map { session, generation in
      SharedVolume(settings, session: session, created: created, isFrozen: isFrozen, generation: generation)
    }
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
    settings = try VolumeSettings(message)
    created = try message.integer("created")
    isFrozen = try message.boolean("frozen")
    isWritten = try message.boolean("written")
    lostContentsAt = message.span("lost_contents_at") == nil ? nil : try message.integer("lost_contents_at")
    isLossUnrepaired = try message.boolean("loss_unmended", default: false)
    sharing =
      settings.locality == .node ? nil : (try message.sessionNumber(), try message.integer("generation"))
  }

  var json: [UInt8] {
    let writer = ByteWriter(capacity: 512)
    writer.beginObject()
    writer.append(settings)
    writer.field("created", created)
    writer.field("frozen", isFrozen)
    if let sharing {
      writer.field("generation", sharing.generation)
      writer.field("session", hex: sharing.session, prefix: UInt8(ascii: "S"))
    }
    writer.field("written", isWritten)
    if let lostContentsAt {
      writer.field("lost_contents_at", lostContentsAt)
      if isLossUnrepaired { writer.field("loss_unmended", true) }
    }
    writer.endObject()
    writer.append("\n")
    return Array(writer.bytes)
  }
}
