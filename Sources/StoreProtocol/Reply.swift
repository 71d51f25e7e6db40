import JSON

/// Limits of replies: each byte beyond the usual buffer is counted while a reply grows, and no reply is longer than a
/// message may be.
extension ByteWriter {
  /// A writer of replies.
  ///
  /// - Parameter budget: counts what large replies take.
  public convenience init(repliesWithin budget: (any GrowthBudget)?, capacity: Int = 4096) {
    self.init(capacity: capacity, budget: budget, longest: Frame.headerSize + Int(Frame.maximumLength))
  }

  /// - Throws: notEnoughMemory when something written was not kept for want of memory; code 1 when it was because no
  ///   message may be so long.
  public func requireRoom() throws(StoreError) {
    switch refusal {
    case nil: return
    case .noRoom:
      throw StoreError(
        .notEnoughMemory, "the store has no memory left for a reply of \(count) bytes and more: ask for less")
    case .tooLong:
      throw StoreError(
        .invalid, "the reply is larger than a message may be (\(Frame.maximumLength) bytes): ask for less")
    }
  }

  /// Makes room for a reply ahead, so that the request is refused before it changes anything.
  ///
  /// - Throws: as ``requireRoom()``.
  public func requireRoom(for bytes: Int) throws(StoreError) {
    if makeRoom(for: bytes) { return }
    if case .noRoom = refusal {
      throw StoreError(
        .notEnoughMemory, "the store has no memory left for a reply of up to \(bytes) bytes: ask for less at once")
    }
    try requireRoom()
  }
}

/// Place of a blob in shared memory: the payload object of blob replies.
public struct BlobPayload: Equatable, Sendable {
  public var id: ObjectID
  /// Key of the memory file on a connection, -1 for the empty blob.
  public var fileKey: Int
  /// Address of the first byte; clients are told the offset in the memory file, which is the rest after ``fileStart``.
  public var offset: UInt64
  /// Address of the first byte of the memory file.
  public var fileStart: UInt64
  /// Bytes.
  public var size: UInt64
  /// Length clients map, in bytes; the wire carries eight more.
  public var mappingLength: UInt64
  public var isSealed: Bool

  public init(
    id: ObjectID, fileKey: Int, offset: UInt64, size: UInt64, mappingLength: UInt64, isSealed: Bool,
    fileStart: UInt64 = 0
  ) {
    self.fileStart = fileStart
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
    beginObject()
    appendFields(payload)
    endObject()
  }

  /// Appends a payload of a plasma blob.
  public func append(_ payload: BlobPayload, plasmaID: String, plasmaSize: UInt64, referenceCount: Int) {
    beginObject()
    appendFields(payload)
    field("plasma_id", plasmaID)
    field("plasma_size", plasmaSize)
    field("ref_cnt", referenceCount)
    endObject()
  }

  private func appendFields(_ payload: BlobPayload) {
    field("data_offset", payload.offset - payload.fileStart)
    field("data_size", payload.size)
    field("is_gpu", false)
    field("is_owner", true)
    field("is_sealed", payload.isSealed)
    field("map_size", payload.fileKey < 0 ? 0 : payload.mappingLength + 8)
    field("object_id", payload.id.rawValue)
    field("pointer", payload.offset - payload.fileStart)
    field("store_fd", payload.fileKey)
  }
}

/// One framed message, built in a buffer that is reused.
extension ByteWriter {
  /// Starts a message, which is an object, and leaves room for its header.
  public func beginFrame() {
    removeAll()
    append("\0\0\0\0\0\0\0\0{")
  }

  /// Ends the message and writes its header.
  public func endFrame() {
    endObject()
    patch(littleEndian: UInt64(count - Frame.headerSize), at: 0)
  }

  /// A whole message with the fields that `body` writes.
  @inlinable @inline(__always)
  public func frame(_ body: (ByteWriter) -> Void) {
    beginFrame()
    body(self)
    endFrame()
  }

  /// Appends the field `type`. Messages have their fields in the order of the original, which sorts them.
  public func type(_ name: StaticString) { field("type", literal: name) }

  /// A whole reply that has no fields but its type.
  public func reply(_ type: StaticString) { frame { $0.type(type) } }

  /// Appends a field with a payload.
  public func field(_ name: StaticString, _ payload: BlobPayload) {
    key(name)
    append(payload)
  }

  /// A whole error reply.
  public func reply(_ error: StoreError) { reply(code: UInt64(error.code.rawValue), message: error.message) }

  /// A whole error reply with a code of any kind.
  public func reply(code: UInt64, message: String) {
    frame {
      $0.field("code", code)
      $0.field("message", message)
    }
  }

  /// An array that is a field, each element written by `body`.
  @inlinable @inline(__always)
  public func array<Element>(_ name: StaticString, _ elements: some Sequence<Element>, _ body: (Element) -> Void) {
    beginArray(name)
    for element in elements {
      separate()
      body(element)
    }
    endArray()
  }
}
