import JSON
import StoreProtocol

/// What a key in etcd stands for, in the layout of 0.24.2 (facts: `store-protocol.md`, 4.6).
enum MetadataKey: Equatable {
  case object(ObjectID)
  /// One field of an object, which completes or replaces what the object's own key says.
  case field(ObjectID, String)
  case signature(instance: UInt64, UInt64)
  case name(String)
  /// One field of an instance's record.
  case instance(UInt64, String)
  case nextInstance
}

/// The keys of a prefix.
struct KeyLayout: Sendable {
  let prefix: String

  /// All keys of all sessions.
  var everything: [UInt8] { Array("\(prefix)/".utf8) }

  /// The beginnings of all keys of a session's objects, names and signatures.
  func contents(of session: UInt64) -> [[UInt8]] {
    ["data", "names", "signatures"].map { Array("\(prefix)/\(Self.hex("S", session))/\($0)/".utf8) }
  }

  func text(_ key: MetadataKey, session: UInt64 = 0) -> [UInt8] {
    let path =
      switch key {
      case .object(let id): "data/\(id)"
      case .field(let id, let field): "data/\(id)/\(Self.escaped(field))"
      case .signature(let instance, let signature): "signatures/i\(instance)/\(Self.hex("s", signature))"
      case .name(let name): "names/\(Self.escaped(name))"
      case .instance(let id, let field): "instances/i\(id)/\(field)"
      case .nextInstance: "next_instance_id"
      }
    return Array("\(prefix)/\(Self.hex("S", session))/\(path)".utf8)
  }

  /// Whether a key tells which object has a signature.
  func isSignature(_ key: [UInt8]) -> Bool {
    let path = key.dropFirst(prefix.utf8.count + 19)
    return path.starts(with: Self.signatures) && key.starts(with: everything)
  }

  /// The beginning of all keys of a session that tell which object has a signature, one of which this is; nil for others.
  func signatures(with key: [UInt8]) -> [UInt8]? {
    isSignature(key) ? Array(key.prefix(prefix.utf8.count + 19 + Self.signatures.count)) : nil
  }

  private static let signatures = Array("signatures/".utf8)

  /// The name of the lock that released daemons take.
  var lock: [UInt8] { Array("\(prefix)/\(Self.hex("S", 0))/meta_sync_lock".utf8) }

  /// Reads a key; nil for what belongs to somebody else.
  func parse(_ key: [UInt8]) -> (session: UInt64, key: MetadataKey)? {
    let start = everything
    guard key.starts(with: start) else { return nil }
    let parts = String(decoding: key.dropFirst(start.count), as: UTF8.self)
      .split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
    guard parts.count >= 2, let session = Self.number(parts[0], "S") else { return nil }
    switch (parts[1], parts.count) {
    case ("data", 3): return Self.object(parts[2]).map { (session, .object($0)) }
    case ("data", 4): return Self.object(parts[2]).map { (session, .field($0, Self.unescaped(parts[3]))) }
    case ("names", 3): return (session, .name(Self.unescaped(parts[2])))
    case ("signatures", 4):
      guard let instance = Self.instance(parts[2]), let signature = Self.number(parts[3], "s") else { return nil }
      return (session, .signature(instance: instance, signature))
    case ("instances", 4): return Self.instance(parts[2]).map { (session, .instance($0, String(parts[3]))) }
    case ("next_instance_id", 2): return (session, .nextInstance)
    default: return nil
    }
  }

  private static func hex(_ mark: Unicode.Scalar, _ number: UInt64) -> String {
    HexText.string(prefix: UInt8(ascii: mark), number)
  }

  private static func number(_ text: Substring, _ mark: Character) -> UInt64? {
    guard text.first == mark, text.utf8.count == 17 else { return nil }
    return Array(text.utf8).withUnsafeBytes(HexText.parse)
  }

  private static func object(_ text: Substring) -> ObjectID? { number(text, "o").map { ObjectID($0) } }

  private static func instance(_ text: Substring) -> UInt64? {
    text.first == "i" ? UInt64(text.dropFirst()) : nil
  }

  /// The form of names in keys: `~` as `~0`, `/` as `~1`.
  static func escaped(_ name: String) -> String {
    String(
      decoding: name.utf8.flatMap { byte -> [UInt8] in
        switch byte {
        case UInt8(ascii: "~"): Array("~0".utf8)
        case UInt8(ascii: "/"): Array("~1".utf8)
        default: [byte]
        }
      }, as: UTF8.self)
  }

  private static func unescaped(_ text: Substring) -> String {
    var bytes: [UInt8] = []
    var isEscape = false
    for byte in text.utf8 {
      if isEscape {
        bytes.append(byte == UInt8(ascii: "1") ? UInt8(ascii: "/") : UInt8(ascii: "~"))
        isEscape = false
      } else if byte == UInt8(ascii: "~") {
        isEscape = true
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// Scalars as JSON texts.
enum JSONText {
  static func number(_ text: [UInt8]) -> UInt64? {
    text.withUnsafeBytes { bytes in
      var scanner = JSONScanner(bytes)
      return (try? scanner.scanValue()).flatMap { bytes.integer($0) }
    }
  }

  static func string(_ text: [UInt8]) -> String? {
    text.withUnsafeBytes { bytes in
      var scanner = JSONScanner(bytes)
      guard let span = try? scanner.scanValue(), span.kind == .string else { return nil }
      return bytes.string(span)
    }
  }

  static func text(_ string: String) -> [UInt8] {
    let writer = ByteWriter(capacity: string.utf8.count + 2)
    writer.append(jsonString: string)
    return Array(writer.bytes)
  }

  static func text(_ number: UInt64) -> [UInt8] { Array(String(number).utf8) }
}
