import JSON
import StoreProtocol

/// A link from an object to one of its members.
struct MemberLink {
  enum Target: Equatable {
    case object(ObjectID)
    case blob(ObjectID)
    /// Member of a global object: found by signature, so that a local copy can stand in.
    case signature(UInt64, instance: UInt64, fallback: ObjectID)
  }

  let target: Target
  /// The instance that had the member when it was linked.
  let instance: UInt64

  /// The object or blob that must live as long as the parent.
  var id: ObjectID {
    switch target {
    case .object(let id), .blob(let id), .signature(_, _, let id): id
    }
  }
}

/// A stored object.
///
/// The application's fields keep their JSON text, key included, in ascending order of the keys, so that rendering an
/// object copies bytes. Fields of the server are rendered from typed properties at their places in that order. A copy
/// shares the text with its original; its own fields are in ``extra``.
public struct MetadataRecord {
  enum Slot {
    /// Bytes of ``text``: `"key":value`.
    case text(Range<Int>)
    /// Bytes of ``extra``.
    case extra(Range<Int>)
    /// `"key":` and the index of a member.
    case link(Range<Int>, Int)
    case timestamp, id, instance, signature, transient, name, labels
  }

  var signature: UInt64
  var typename: String
  var instance: UInt64
  /// Unix milliseconds.
  var timestamp: UInt64
  var isTransient: Bool
  var isGlobal: Bool
  /// Whether members of global objects resolve to it rather than to others with its signature.
  var standsIn = false
  /// The newest name, as given.
  var name: String?
  /// Values of the labels by their keys.
  var labels = SortedTable<ExactText, String>()
  /// Bytes of the labels, for ``heapBytes``.
  var labelBytes = 0
  var text: [UInt8] = []
  var extra: [UInt8] = []
  var slots: [Slot] = []
  var links: [MemberLink] = []
  /// The usage that lists the object, nil when its session does.
  var owner: VolumeUsage?

  /// An object without its fields, which ``RecordLayout`` adds.
  init(_ document: MetadataDocument, typename: String, signature: UInt64, instance: UInt64, timestamp: UInt64) {
    self.signature = signature
    self.typename = typename
    self.instance = instance
    self.timestamp = timestamp
    isTransient = document.isTransient ?? true
    isGlobal = document.isGlobal
  }

  /// Bytes of heap it takes, estimated; a text that is shared counts for each who shares it.
  var heapBytes: Int { 320 + textBytes + labelBytes }

  /// Bytes of heap without those of the labels.
  var textBytes: Int {
    typename.utf8.count + text.count + extra.count + slots.count * MemoryLayout<Slot>.stride
      + links.count * MemoryLayout<MemberLink>.stride
  }

  /// The server's keys in ascending order.
  static let serverKeys: [(key: [UInt8], slot: Slot)] = [
    (Array("__labels".utf8), .labels), (Array("__name".utf8), .name), (Array("__timestamp".utf8), .timestamp),
    (Array("id".utf8), .id), (Array("instance_id".utf8), .instance), (Array("signature".utf8), .signature),
    (Array("transient".utf8), .transient),
  ]

  /// Adds a label or replaces the one with the same key.
  mutating func label(_ key: String, _ value: String) {
    let old = labels.updateValue(value, forKey: ExactText(key))
    labelBytes += value.utf8.count - (old.map { $0.utf8.count } ?? -(key.utf8.count + 48))
  }

  mutating func removeLabel(_ key: String) {
    guard let old = labels.removeValue(forKey: ExactText(key)) else { return }
    labelBytes -= old.utf8.count + key.utf8.count + 48
  }

  /// The text of a JSON string, nil when it is something else.
  private static func string(_ json: UnsafeRawBufferPointer) -> String? {
    var scanner = JSONScanner(json)
    guard let span = try? scanner.scanValue(), span.kind == .string else { return nil }
    return json.string(span)
  }

  /// Takes over a replaced field that the store itself uses.
  mutating func adopt(_ field: MetadataDocument.Field) {
    guard case .text(let value) = field.value else { return }
    if field.key.elementsEqual("typename".utf8), let typename = value.withUnsafeBytes(Self.string) {
      self.typename = typename
    }
    if field.key.elementsEqual("global".utf8) { isGlobal = value.elementsEqual("true".utf8) }
  }

  /// The bytes of a slot's key without quotes.
  func withKey<Result>(of slot: Slot, _ body: (ArraySlice<UInt8>) -> Result) -> Result {
    switch slot {
    case .text(let range), .link(let range, _): body(Self.key(in: text, at: range.lowerBound))
    case .extra(let range): body(Self.key(in: extra, at: range.lowerBound))
    case .labels: body(Self.serverKeys[0].key[...])
    case .name: body(Self.serverKeys[1].key[...])
    case .timestamp: body(Self.serverKeys[2].key[...])
    case .id: body(Self.serverKeys[3].key[...])
    case .instance: body(Self.serverKeys[4].key[...])
    case .signature: body(Self.serverKeys[5].key[...])
    case .transient: body(Self.serverKeys[6].key[...])
    }
  }

  /// The key whose opening quote is at `start`.
  private static func key(in text: [UInt8], at start: Int) -> ArraySlice<UInt8> {
    var end = start + 1
    while text[end] != UInt8(ascii: "\"") { end += text[end] == UInt8(ascii: "\\") ? 2 : 1 }
    return text[(start + 1)..<end]
  }
}
