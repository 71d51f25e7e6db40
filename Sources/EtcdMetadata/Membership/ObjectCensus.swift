import EtcdClient
import JSON
import StoreProtocol

/// Objects of a session that go with an instance, found by one look at all keys: those whose blobs it had, and the
/// global ones that have such a member of which nobody else has a copy. Pure.
struct ObjectCensus {
  private struct Facts {
    var instance: UInt64?
    var signature: UInt64?
    var isGlobal = false
    var members: [ObjectID] = []
    /// Members of a global object.
    var signatures: [UInt64] = []
  }

  private let instance: UInt64
  private var candidates: [ObjectID: Facts] = [:]
  /// Signatures of objects that others have.
  private var elsewhere: Set<UInt64> = []
  private var names: [(key: [UInt8], revision: Int64, target: ObjectID)] = []

  init(of instance: UInt64) { self.instance = instance }

  mutating func take(_ key: MetadataKey, _ pair: KeyValue) {
    switch key {
    case .object(let id): take(id, pair.value)
    case .field(let id, let field):
      pair.value.withUnsafeBytes { bytes in
        var scanner = JSONScanner(bytes)
        guard let value = try? scanner.scanValue() else { return }
        var facts = candidates[id] ?? Facts()
        Self.read(bytes, field, value, into: &facts)
        candidates[id] = facts
      }
    case .name(_):
      if let target = JSONText.number(pair.value) { names.append((pair.key, pair.modRevision, ObjectID(target))) }
    case .signature(let owner, let signature) where owner != instance: elsewhere.insert(signature)
    case .signature, .instance, .nextInstance: break
    }
  }

  private mutating func take(_ id: ObjectID, _ text: [UInt8]) {
    var facts = candidates[id] ?? Facts()
    text.withUnsafeBytes { bytes in
      var scanner = JSONScanner(bytes)
      try? scanner.scanObject { key, value in Self.read(bytes, bytes.string(key), value, into: &facts) }
    }
    // Most objects are others' own, and have nobody else's members.
    if facts.instance == instance || facts.isGlobal { candidates[id] = facts }
  }

  private static func read(_ text: UnsafeRawBufferPointer, _ field: String, _ value: JSONSpan, into facts: inout Facts)
  {
    switch field {
    case "instance_id": facts.instance = text.integer(value)
    case "signature": facts.signature = text.integer(value)
    case "global": facts.isGlobal = text[value.start] == UInt8(ascii: "t")
    default:
      let raw = value.kind == .string ? text.rawString(value) : UnsafeRawBufferPointer(rebasing: text[0..<0])
      guard raw.count > 18, raw[0] == UInt8(ascii: "l"),
        let number = HexText.parse(UnsafeRawBufferPointer(rebasing: raw[1..<18]))
      else { return }
      if raw[1] == UInt8(ascii: "s") { facts.signatures.append(number) } else { facts.members.append(ObjectID(number)) }
    }
  }

  /// The objects that go.
  var objects: Set<ObjectID> {
    let own = candidates.filter { $0.value.instance == instance }
    var gone = Set(own.keys)
    let signatures = Set(own.values.compactMap(\.signature)).subtracting(elsewhere)
    for (id, facts) in candidates where facts.isGlobal {
      if facts.signatures.contains(where: signatures.contains) || facts.members.contains(where: gone.contains) {
        gone.insert(id)
      }
    }
    return gone
  }

  /// The names of objects that go, with the revisions at which they were given.
  func names(of objects: Set<ObjectID>) -> [(key: [UInt8], revision: Int64)] {
    names.filter { objects.contains($0.target) }.map { ($0.key, $0.revision) }
  }
}
