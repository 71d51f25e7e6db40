import JSON
import StoreProtocol

/// What a key about volumes stands for. They are below no session, where released daemons do not look.
enum VolumeKey: Equatable {
  /// The document of a volume.
  case document(String)
  /// What an instance has of a volume. It stays when the instance dies, since its place still has the volume.
  case open(String, UInt64)
  /// A volume that was deleted and that some places still have.
  case tombstone(String, session: UInt64)
  /// The memory of an instance.
  case room(UInt64)
  /// The document of a snapshot.
  case snapshot(String)
  /// A copy that is made, by the session that it gets.
  case copy(UInt64)
  /// What an instance says of its part in a copy.
  case part(UInt64, UInt64)
}

extension KeyLayout {
  func text(_ key: VolumeKey) -> [UInt8] {
    let path =
      switch key {
      case .document(let id): "volumes/\(id)"
      case .open(let id, let instance): "open/\(id)/i\(instance)"
      case .tombstone(let id, let session): "tombstones/\(id)/\(HexText.string(prefix: UInt8(ascii: "S"), session))"
      case .room(let instance): "rooms/i\(instance)"
      case .snapshot(let id): "snapshots/\(id)"
      case .copy(let session): "copies/\(HexText.string(prefix: UInt8(ascii: "S"), session))/copy"
      case .part(let session, let instance):
        "copies/\(HexText.string(prefix: UInt8(ascii: "S"), session))/i\(instance)"
      }
    return cluster + Array(path.utf8)
  }

  /// The records of all instances that have a volume.
  func places(of id: String) -> [UInt8] { cluster + Array("open/\(id)/".utf8) }

  /// The records of all instances of their parts in a copy, and that of the copy itself.
  func parts(of session: UInt64) -> [UInt8] {
    cluster + Array("copies/\(HexText.string(prefix: UInt8(ascii: "S"), session))/".utf8)
  }

  /// Reads a key about volumes; nil for any other.
  func parseVolume(_ key: [UInt8]) -> VolumeKey? {
    guard key.starts(with: cluster) else { return nil }
    let parts = String(decoding: key.dropFirst(cluster.count), as: UTF8.self)
      .split(separator: "/", omittingEmptySubsequences: false)
    switch (parts[0], parts.count) {
    case ("volumes", 2): return .document(String(parts[1]))
    case ("open", 3): return Self.instance(parts[2]).map { .open(String(parts[1]), $0) }
    case ("tombstones", 3):
      return Self.session(parts[2]).map { .tombstone(String(parts[1]), session: $0) }
    case ("rooms", 2): return Self.instance(parts[1]).map { .room($0) }
    case ("snapshots", 2): return .snapshot(String(parts[1]))
    case ("copies", 3):
      guard let session = Self.session(parts[1]) else { return nil }
      return parts[2] == "copy" ? .copy(session) : Self.instance(parts[2]).map { .part(session, $0) }
    default: return nil
    }
  }

  private static func instance(_ text: Substring) -> UInt64? { text.first == "i" ? UInt64(text.dropFirst()) : nil }

  private static func session(_ text: Substring) -> UInt64? {
    guard text.first == "S", text.utf8.count == 17 else { return nil }
    return Array(text.utf8).withUnsafeBytes(HexText.parse)
  }
}
