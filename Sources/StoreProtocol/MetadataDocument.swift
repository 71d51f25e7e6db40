import JSON

/// A metadata object as a client sends it: a flat JSON object whose nested objects are members.
///
/// Values other than members keep their JSON text, so that numbers and escapes come back byte for byte.
public struct MetadataDocument {
  /// One application field.
  public enum Value {
    /// JSON text of a string, number, boolean, null or array.
    case text([UInt8])
    indirect case member(MetadataDocument)
  }

  public struct Field {
    /// The key as JSON text without the quotes.
    public let key: [UInt8]
    public let value: Value

    public init(key: [UInt8], value: Value) {
      self.key = key
      self.value = value
    }
  }

  public var id: ObjectID?
  public var typename: String?
  public var instance: UInt64?
  public var signature: UInt64?
  public var isTransient: Bool?
  public var isGlobal = false
  /// Every field except `id`, `signature`, `instance_id`, `transient`, `__timestamp`, `__name` and `__labels`,
  /// ascending by the bytes of the key.
  public var fields: [Field] = []
  /// Number of keys in the text, the reserved ones included.
  public private(set) var keyCount = 0
  /// Whether no field came after one with the same or a larger key.
  private(set) var isAscending = true

  public init() {}

  /// Whether the text was only `{"id":"o…"}`: a member named by its id.
  public var isPlaceholder: Bool { id != nil && keyCount == 1 }

  /// Reads the object at `span` of a validated message.
  ///
  /// - Throws: code 1 when `span` isn't an object or a reserved field has the wrong type.
  public init(_ bytes: UnsafeRawBufferPointer, _ span: JSONSpan) throws(StoreError) {
    guard span.kind == .object else { throw Self.notAnObject }
    var reader = MetadataReader(bytes, span)
    while try !reader.advance(by: .max) {}
    guard let document = reader.documents.first else { throw Self.notAnObject }
    self = document
  }

  public static var notAnObject: StoreError {
    StoreError(.invalid, "Failed to parse the JSON message: metadata must be an object")
  }

  /// Takes a field whose value is no object.
  mutating func add(_ bytes: UnsafeRawBufferPointer, _ key: JSONSpan, _ value: JSONSpan) throws(StoreError) {
    keyCount += 1
    switch ReservedKey(bytes.rawString(key)) {
    case .id:
      guard value.kind == .string, let id = ObjectID(text: bytes.rawString(value)) else {
        throw Self.mistyped("id", "an id such as \"o0000000000000001\"")
      }
      self.id = id
    case .signature: signature = try Self.integer(bytes, value, "signature")
    case .instance: instance = try Self.integer(bytes, value, "instance_id")
    case .transient: isTransient = try Self.boolean(bytes, value, "transient")
    case .typename:
      guard value.kind == .string else { return }
      guard value.count <= RequestMessage.maximumText else {
        throw Self.mistyped("typename", "at most \(RequestMessage.maximumText) bytes long")
      }
      typename = bytes.string(value)
      append(bytes, key, value)
    case .global:
      isGlobal = try Self.boolean(bytes, value, "global")
      append(bytes, key, value)
    case .timestamp, .name, .labels: return
    case nil: append(bytes, key, value)
    }
  }

  /// Takes a field whose value is an object: a member, unless the key is reserved.
  mutating func add(_ bytes: UnsafeRawBufferPointer, _ key: JSONSpan, _ member: MetadataDocument) throws(StoreError) {
    guard ReservedKey(bytes.rawString(key)) == nil else {
      return try add(bytes, key, JSONSpan(kind: .object, hasEscapes: false, start: key.start, end: key.start))
    }
    keyCount += 1
    append(Field(key: Array(bytes.rawString(key)), value: .member(member)))
  }

  /// Gives the fields away, to be put in order elsewhere.
  mutating func takeFields() -> [Field] {
    defer { fields = [] }
    return fields
  }

  private mutating func append(_ bytes: UnsafeRawBufferPointer, _ key: JSONSpan, _ value: JSONSpan) {
    append(Field(key: Array(bytes.rawString(key)), value: .text(Array(bytes.slice(value)))))
  }

  private mutating func append(_ field: Field) {
    if let last = fields.last, !last.key.lexicographicallyPrecedes(field.key) { isAscending = false }
    fields.append(field)
  }

  private static func mistyped(_ name: String, _ expectation: String) -> StoreError {
    StoreError(.invalid, "Failed to parse the JSON message: metadata field '\(name)' must be \(expectation)")
  }

  private static func integer(
    _ bytes: UnsafeRawBufferPointer, _ span: JSONSpan, _ name: String
  ) throws(StoreError) -> UInt64 {
    guard let value = bytes.integer(span) else { throw mistyped(name, "a 64-bit integer") }
    return value
  }

  private static func boolean(
    _ bytes: UnsafeRawBufferPointer, _ span: JSONSpan, _ name: String
  ) throws(StoreError) -> Bool {
    guard span.kind == .boolean else { throw mistyped(name, "a boolean") }
    return bytes[span.start] == UInt8(ascii: "t")
  }
}

/// Metadata keys with a meaning to the store.
private enum ReservedKey {
  case id, typename, signature, instance, transient, global, timestamp, name, labels

  init?(_ key: UnsafeRawBufferPointer) {
    switch key.count {
    case 2 where key.elementsEqual("id".utf8): self = .id
    case 6 where key.elementsEqual("global".utf8): self = .global
    case 6 where key.elementsEqual("__name".utf8): self = .name
    case 8 where key.elementsEqual("typename".utf8): self = .typename
    case 8 where key.elementsEqual("__labels".utf8): self = .labels
    case 9 where key.elementsEqual("signature".utf8): self = .signature
    case 9 where key.elementsEqual("transient".utf8): self = .transient
    case 11 where key.elementsEqual("instance_id".utf8): self = .instance
    case 11 where key.elementsEqual("__timestamp".utf8): self = .timestamp
    default: return nil
    }
  }
}
