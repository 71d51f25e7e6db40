import JSON

/// What a snapshot has that several stores made together: they have its bytes, each a part.
public struct SnapshotContents: Sendable, Equatable {
  public var objects: Int
  public var names: Int
  /// Bytes of the blobs on each store, by its instance id.
  public var parts: [UInt64: UInt64]

  public init(objects: Int = 0, names: Int = 0, parts: [UInt64: UInt64] = [:]) {
    self.objects = objects
    self.names = names
    self.parts = parts
  }

  /// Bytes of the blobs on all stores.
  public var used: UInt64 {
    parts.values.reduce(0) { $0.addingReportingOverflow($1).overflow ? .max : $0 + $1 }
  }

  /// Reads the fields of an object.
  ///
  /// - Throws: `StoreError` for one that is not as ``ByteWriter/append(_:)`` writes it.
  init(_ message: RequestMessage) throws(StoreError) {
    self.init(
      objects: Int(clamping: try message.integer("objects", default: 0)),
      names: Int(clamping: try message.integer("names", default: 0)))
    let bytes = message.bytes
    for (key, number) in try message.entries("parts", { bytes.integer($0) }) {
      guard key.first == "i", let instance = UInt64(key.dropFirst()) else {
        throw StoreError(.invalid, "parts has a key that is no instance: '\(key.prefix(160))'")
      }
      parts[instance] = number
    }
  }
}

extension ByteWriter {
  /// Appends the contents of a snapshot as fields of an object, without braces.
  func append(_ contents: SnapshotContents) {
    field("names", contents.names)
    field("objects", contents.objects)
    beginObject("parts")
    for (instance, bytes) in contents.parts.sorted(by: { $0.key < $1.key }) {
      key(text: "i\(instance)")
      append(decimal: bytes)
    }
    endObject()
  }
}
