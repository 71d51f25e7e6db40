import JSON

/// The top-level fields of one request, parsed in place.
///
/// One instance is reused for every message of a connection loop. The bytes given to ``parse(_:)`` must stay valid
/// until the next call. A field given twice counts with its last value.
public final class RequestMessage {
  private struct Field {
    let key: JSONSpan
    let value: JSONSpan
  }

  /// The message text.
  public private(set) var bytes = UnsafeRawBufferPointer(start: nil, count: 0)
  private var fields: [Field] = []
  private var scanner = JSONScanner(UnsafeRawBufferPointer(start: nil, count: 0))
  /// Start of the value of the field that is being read, and the field's key.
  private var start: Int?
  private var key: JSONSpan?
  /// Whether the object has begun.
  private var isOpen = false

  /// Fields; the storage of a message with more is given back.
  private static let largestKeptCapacity = 1 << 14

  public init() { fields.reserveCapacity(64) }

  /// Top-level fields of a message: twice as many as the longest list of numbered keys that is read.
  public static let maximumFields = 1 << 17

  /// Reads one JSON object.
  ///
  /// - Throws: ``StoreError`` with code 1 when the text isn't a JSON object.
  public func parse(_ bytes: UnsafeRawBufferPointer) throws(StoreError) {
    begin(bytes)
    _ = try advance(by: .max)
  }

  /// Starts to read one JSON object in steps; ``advance(by:)`` reads it.
  public func begin(_ bytes: UnsafeRawBufferPointer) {
    self.bytes = bytes
    fields.removeAll(keepingCapacity: fields.capacity <= Self.largestKeptCapacity)
    scanner = JSONScanner(bytes)
    start = nil
    key = nil
    isOpen = false
  }

  /// Reads on.
  ///
  /// - Parameter count: bytes to read before resting.
  /// - Returns: whether the object was read to its end.
  /// - Throws: ``StoreError`` with code 1 when the text isn't a JSON object.
  public func advance(by count: Int) throws(StoreError) -> Bool {
    let limit = count > bytes.count ? .max : scanner.position + count
    do throws(JSONError) {
      while let token = try scanner.next(before: limit) {
        switch token {
        case .beginObject, .beginArray:
          if scanner.depth == 2 { start = scanner.position - 1 }
          if scanner.depth == 1, case .beginArray = token { throw JSONError(reason: "", offset: scanner.position - 1) }
          isOpen = true
        case .key(let span): if scanner.depth == 1 { key = span }
        case .scalar(let span):
          if scanner.depth == 1 { try add(span) }
          if scanner.depth == 0 { throw JSONError(reason: "", offset: span.start) }
        case .endObject, .endArray:
          if scanner.depth == 0 {
            try scanner.finish()
            return true
          }
          if scanner.depth == 1, let start {
            let kind = if case .endObject = token { JSONKind.object } else { JSONKind.array }
            try add(JSONSpan(kind: kind, hasEscapes: false, start: start, end: scanner.position))
          }
        }
      }
      return false
    } catch {
      fields.removeAll(keepingCapacity: true)
      let reason = isOpen ? error.reason : "an object is expected"
      throw StoreError(.invalid, "Failed to parse the JSON message: \(reason) at byte \(error.offset)")
    }
  }

  private func add(_ value: JSONSpan) throws(JSONError) {
    guard let key else { return }
    if fields.count == Self.maximumFields { throw JSONError(reason: "too many fields", offset: key.start) }
    fields.append(Field(key: key, value: value))
  }

  /// Number of bytes read so far.
  public var position: Int { scanner.position }

  /// The number of top-level fields.
  public var fieldCount: Int { fields.count }

  /// The span of a field, nil when it is absent.
  public func span(_ name: StaticString) -> JSONSpan? {
    let length = name.utf8CodeUnitCount
    var index = fields.count
    while index > 0 {
      index -= 1
      let key = fields[index].key
      if key.count == length + 2, equals(key, name, length) { return fields[index].value }
    }
    return nil
  }

  @inline(__always)
  private func equals(_ key: JSONSpan, _ name: StaticString, _ length: Int) -> Bool {
    for offset in 0..<length where bytes[key.start + 1 + offset] != name.utf8Start[offset] { return false }
    return true
  }

  func failure(_ name: some CustomStringConvertible, _ problem: String) -> StoreError {
    StoreError(.invalid, "Failed to parse the JSON message: field '\(name)' \(problem)")
  }

  func required(_ name: StaticString) throws(StoreError) -> JSONSpan {
    guard let span = span(name) else { throw failure(name, "is missing") }
    return span
  }

  /// A required unsigned 64-bit number.
  ///
  /// - Throws: invalid when it is missing or something else.
  public func integer(_ name: StaticString) throws(StoreError) -> UInt64 {
    guard let value = bytes.integer(try required(name)) else { throw failure(name, "must be a 64-bit integer") }
    return value
  }

  /// An unsigned 64-bit number, or `fallback` when the field is absent.
  ///
  /// - Throws: invalid when it is something else.
  public func integer(_ name: StaticString, default fallback: UInt64) throws(StoreError) -> UInt64 {
    span(name) == nil ? fallback : try integer(name)
  }

  /// A required number of bytes that somebody has thought of: none below zero, and none that only looks like one.
  ///
  /// - Throws: invalid when it is missing or something else, userInputError beyond 2^63 - 1 or below 0.
  public func byteCount(_ name: StaticString) throws(StoreError) -> UInt64 {
    let value = try integer(name)
    guard value <= UInt64(Int64.max) else {
      throw StoreError(.userInputError, "field '\(name)' must be a number of bytes from 0 to \(Int64.max)")
    }
    return value
  }

  /// A required id.
  ///
  /// - Throws: invalid when it is missing or something else.
  public func objectID(_ name: StaticString) throws(StoreError) -> ObjectID { ObjectID(try integer(name)) }

  /// A required boolean.
  ///
  /// - Throws: invalid when it is missing or something else.
  public func boolean(_ name: StaticString) throws(StoreError) -> Bool {
    let span = try required(name)
    guard span.kind == .boolean else { throw failure(name, "must be a boolean") }
    return bytes[span.start] == UInt8(ascii: "t")
  }

  /// A boolean, or `fallback` when the field is absent.
  ///
  /// - Throws: invalid when it is something else.
  public func boolean(_ name: StaticString, default fallback: Bool) throws(StoreError) -> Bool {
    span(name) == nil ? fallback : try boolean(name)
  }

  /// Bytes of the longest name, key or type name: texts that are compared with others.
  public static let maximumText = 1 << 20

  /// A required string.
  ///
  /// - Throws: ``StoreError`` also when it has more than ``maximumText`` bytes.
  public func string(_ name: StaticString) throws(StoreError) -> String {
    let span = try required(name)
    guard span.kind == .string else { throw failure(name, "must be a string") }
    guard span.count <= Self.maximumText else {
      throw failure(name, "has \(span.count) bytes, \(Self.maximumText) are allowed")
    }
    return bytes.string(span)
  }

  /// Bytes of the longest name that is given: it is a key of etcd, and all stores keep it.
  public static let maximumName = 4096

  /// A required name for an object.
  ///
  /// - Throws: ``StoreError`` also when it has more than ``maximumName`` bytes.
  public func newName(_ field: StaticString) throws(StoreError) -> String {
    let name = try string(field)
    guard name.utf8.count <= Self.maximumName else {
      throw failure(field, "has \(name.utf8.count) bytes, a name may have \(Self.maximumName)")
    }
    return name
  }

  /// A string, or `fallback` when the field is absent.
  ///
  /// - Throws: invalid when it is something else, or has more than ``maximumText`` bytes.
  public func string(_ name: StaticString, default fallback: String) throws(StoreError) -> String {
    span(name) == nil ? fallback : try string(name)
  }

  /// Calls `visit` with the key and value of every top-level field, in the order of the text.
  func forEachField(_ visit: (_ key: JSONSpan, _ value: JSONSpan) throws(StoreError) -> Void) throws(StoreError) {
    for field in fields { try visit(field.key, field.value) }
  }
}

/// Framing: eight bytes of length, least significant first, then that many bytes of JSON.
public enum Frame {
  public static let headerSize = 8

  /// Longer messages make the daemon close the connection (256 MiB).
  public static let maximumLength: UInt64 = 256 << 20

  /// The length announced by a header of eight bytes.
  public static func length(_ header: UnsafeRawBufferPointer) -> UInt64 {
    UInt64(littleEndian: header.loadUnaligned(as: UInt64.self))
  }
}

extension RequestType {
  private static let byHash: [UInt64: (type: RequestType, index: Int)] = Dictionary(
    uniqueKeysWithValues: allCases.enumerated().map { index, type in
      (type.rawValue.utf8.reduce(hashSeed, hash), (type, index))
    })

  private static let hashSeed: UInt64 = 0xcbf2_9ce4_8422_2325

  /// One step of the FNV-1a hash.
  private static func hash(_ state: UInt64, _ byte: UInt8) -> UInt64 { (state ^ UInt64(byte)) &* 0x100_0000_01b3 }

  /// Recognises the text of a `type` field; `index` is its position among all cases.
  public static func find(_ text: UnsafeRawBufferPointer) -> (type: RequestType, index: Int)? {
    var state = hashSeed
    for byte in text { state = hash(state, byte) }
    guard let found = byHash[state], found.type.rawValue.utf8.elementsEqual(text) else { return nil }
    return found
  }
}
