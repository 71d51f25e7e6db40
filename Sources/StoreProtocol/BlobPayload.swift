import JSON

/// Place of a blob in shared memory: the payload object of blob replies.
public struct BlobPayload: Equatable, Sendable {
  public var id: ObjectID
  /// Key of the memory file on a connection, -1 for the empty blob.
  public var fileKey: Int
  /// Byte offset in the memory file.
  public var offset: UInt64
  /// Bytes.
  public var size: UInt64
  /// Length clients map, in bytes; the wire carries eight more.
  public var mappingLength: UInt64
  public var isSealed: Bool

  public init(id: ObjectID, fileKey: Int, offset: UInt64, size: UInt64, mappingLength: UInt64, isSealed: Bool) {
    self.id = id
    self.fileKey = fileKey
    self.offset = offset
    self.size = size
    self.mappingLength = mappingLength
    self.isSealed = isSealed
  }

  public static let empty = BlobPayload(
    id: .emptyBlob, fileKey: -1, offset: 0, size: 0, mappingLength: 0, isSealed: false)
}

extension ByteWriter {
  /// Appends the JSON of a payload. `pointer`, which clients demand and ignore, is the offset.
  public func append(_ payload: BlobPayload) {
    append("{")
    appendPayloadFields(payload)
    append("}")
  }

  /// Appends a payload of a plasma blob.
  public func append(_ payload: BlobPayload, plasmaID: String, plasmaSize: UInt64, referenceCount: Int) {
    append("{")
    appendPayloadFields(payload)
    append(",\"plasma_id\":")
    append(jsonString: plasmaID)
    append(",\"plasma_size\":")
    append(decimal: plasmaSize)
    append(",\"ref_cnt\":")
    append(decimal: referenceCount)
    append("}")
  }

  private func appendPayloadFields(_ payload: BlobPayload) {
    append("\"data_offset\":")
    append(decimal: payload.offset)
    append(",\"data_size\":")
    append(decimal: payload.size)
    append(",\"is_gpu\":false,\"is_owner\":true,\"is_sealed\":")
    append(payload.isSealed ? "true" : "false")
    append(",\"map_size\":")
    append(decimal: payload.fileKey < 0 ? 0 : payload.mappingLength + 8)
    append(",\"object_id\":")
    append(decimal: payload.id.rawValue)
    append(",\"pointer\":")
    append(decimal: payload.offset)
    append(",\"store_fd\":")
    append(decimal: payload.fileKey)
  }
}
