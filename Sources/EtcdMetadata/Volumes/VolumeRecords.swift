import JSON
import MetadataBackend
import StoreCore
import StoreProtocol

/// What one instance has of a volume, as it tells the others.
struct PlaceRecord: Sendable, Equatable {
  /// The session of the volume: one that was deleted and made again has another.
  var session: UInt64
  /// Where the store is: a later process there finds the same files.
  var place: String
  var use = SharedVolumeUse()

  /// Where a store is, in words that no other store has at the same time.
  static func place(_ record: InstanceRecord?) -> String { "\(record?.nodename ?? "") \(record?.socketPath ?? "")" }

  init(session: UInt64, place: String, use: SharedVolumeUse = SharedVolumeUse()) {
    self.session = session
    self.place = place
    self.use = use
  }

  init?(_ text: [UInt8]) {
    guard
      let read = JSONText.fields(
        text,
        { (message) throws(StoreError) in
          Self(
            session: try message.sessionNumber(), place: try message.string("place"),
            use: SharedVolumeUse(
              used: try message.integer("used", default: 0),
              objects: Int(clamping: try message.integer("objects", default: 0)),
              names: Int(clamping: try message.integer("names", default: 0)),
              connections: Int(clamping: try message.integer("connections", default: 0))))
        })
    else { return nil }
    self = read
  }

  var text: [UInt8] {
    let writer = ByteWriter(capacity: 256)
    writer.beginObject()
    writer.field("connections", use.connections)
    writer.field("names", use.names)
    writer.field("objects", use.objects)
    writer.field("place", place)
    writer.field("session", hex: session, prefix: UInt8(ascii: "S"))
    writer.field("used", use.used)
    writer.endObject()
    return Array(writer.bytes)
  }
}

/// The memory of one instance, as it tells the others.
struct RoomRecord: Sendable, Equatable {
  var limit: UInt64
  var used: UInt64
  var promised: UInt64

  init(_ capacity: StoreCapacity) {
    (limit, used, promised) = (capacity.limit, capacity.used, capacity.reserved)
  }

  init?(_ text: [UInt8]) {
    guard let capacity = JSONText.fields(text, { (message) throws(StoreError) in try StoreCapacity(message) }) else {
      return nil
    }
    self.init(capacity)
  }

  var text: [UInt8] {
    let writer = ByteWriter(capacity: 128)
    writer.beginObject()
    writer.field("limit", limit)
    writer.field("promised", promised)
    writer.field("used", used)
    writer.endObject()
    return Array(writer.bytes)
  }
}

extension JSONText {
  /// Reads the fields of an object; nil when it is none, or lacks some.
  static func fields<Value>(_ text: [UInt8], _ read: (RequestMessage) throws(StoreError) -> Value) -> Value? {
    let message = RequestMessage()
    return text.withUnsafeBytes { bytes in
      guard (try? message.parse(bytes)) != nil else { return nil }
      return try? read(message)
    }
  }
}
