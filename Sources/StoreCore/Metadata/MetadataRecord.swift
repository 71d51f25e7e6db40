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
  /// Where the member was when it was linked.
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
/// object copies bytes. What the server adds is rendered from typed properties at its place in that order.
struct MetadataRecord {
  enum Slot {
    /// Bytes of ``text``: `"key":value`.
    case text(Range<Int>)
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
  /// The newest name, as given.
  var name: String?
  /// Labels in ascending order of their keys.
  var labels: [(key: String, value: String)] = []
  var text: [UInt8] = []
  var slots: [Slot] = []
  var links: [MemberLink] = []
  /// The account that lists the object, nil when its session does.
  var owner: Account?

  /// Lays out the fields of a document whose members were resolved to `links`, in the order of the fields.
  init(
    _ document: MetadataDocument, typename: String, signature: UInt64, instance: UInt64, timestamp: UInt64,
    links: [MemberLink]
  ) {
    self.signature = signature
    self.typename = typename
    self.instance = instance
    self.timestamp = timestamp
    isTransient = document.isTransient ?? true
    isGlobal = document.isGlobal
    self.links = links
    layOut(document.fields)
  }

  /// The server's keys in ascending order.
  private static let serverKeys: [(key: [UInt8], slot: Slot)] = [
    (Array("__labels".utf8), .labels), (Array("__name".utf8), .name), (Array("__timestamp".utf8), .timestamp),
    (Array("id".utf8), .id), (Array("instance_id".utf8), .instance), (Array("signature".utf8), .signature),
    (Array("transient".utf8), .transient),
  ]

  private mutating func layOut(_ fields: [MetadataDocument.Field]) {
    slots.reserveCapacity(fields.count + Self.serverKeys.count)
    text.reserveCapacity(fields.reduce(0) { $0 + $1.key.count + 24 })
    var pending = Self.serverKeys[...]
    var nextLink = 0
    for field in fields {
      while let first = pending.first, first.key.lexicographicallyPrecedes(field.key) {
        slots.append(first.slot)
        pending.removeFirst()
      }
      let start = text.count
      text.append(UInt8(ascii: "\""))
      text.append(contentsOf: field.key)
      text.append(UInt8(ascii: "\""))
      text.append(UInt8(ascii: ":"))
      switch field.value {
      case .text(let value):
        text.append(contentsOf: value)
        slots.append(.text(start..<text.count))
      case .member:
        slots.append(.link(start..<text.count, nextLink))
        nextLink += 1
      }
    }
    slots.append(contentsOf: pending.map(\.slot))
  }

  /// Replaces or adds a field by its key (JSON text without quotes). What the store keeps itself stays.
  mutating func set(_ key: [UInt8], _ value: [UInt8]) {
    if Self.serverKeys.contains(where: { $0.key == key }) { return }
    if key.elementsEqual("typename".utf8) {
      guard let typename = value.withUnsafeBytes(Self.string) else { return }
      self.typename = typename
    }
    if key.elementsEqual("global".utf8) { isGlobal = value.elementsEqual("true".utf8) }
    let quoted = [UInt8(ascii: "\"")] + key + Array("\":".utf8)
    let start = text.count
    text.append(contentsOf: quoted)
    text.append(contentsOf: value)
    let slot = Slot.text(start..<text.count)
    var position = slots.count
    for (index, existing) in slots.enumerated() {
      let other = self.key(existing)
      if other == key {
        slots[index] = slot
        return
      }
      if key.lexicographicallyPrecedes(other) {
        position = index
        break
      }
    }
    slots.insert(slot, at: position)
  }

  /// The text of a JSON string, nil when it is something else.
  private static func string(_ json: UnsafeRawBufferPointer) -> String? {
    var scanner = JSONScanner(json)
    guard let span = try? scanner.scanValue(), span.kind == .string else { return nil }
    return json.string(span)
  }

  /// The key that starts with its quote at `start`.
  private func key(at start: Int) -> [UInt8] {
    var end = start + 1
    while text[end] != UInt8(ascii: "\"") { end += text[end] == UInt8(ascii: "\\") ? 2 : 1 }
    return Array(text[(start + 1)..<end])
  }

  private func key(_ slot: Slot) -> [UInt8] {
    switch slot {
    case .text(let range), .link(let range, _): key(at: range.lowerBound)
    case .timestamp: Array("__timestamp".utf8)
    case .id: Array("id".utf8)
    case .instance: Array("instance_id".utf8)
    case .signature: Array("signature".utf8)
    case .transient: Array("transient".utf8)
    case .name: Array("__name".utf8)
    case .labels: Array("__labels".utf8)
    }
  }
}
