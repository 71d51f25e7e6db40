import Crypto
import JSON

/// What a CSI volume id says: which cluster the volume is in, and what its stores call it.
///
/// Ids of ours read `namespace/cluster/leaf`. They are made of the request alone, so a repeated request leads to the
/// same volume, whichever controller gets it. Ids of another form are taken as they are: the original's UUIDs, and
/// what kubelet makes up for inline volumes; their cluster comes with the volume context.
public struct VolumeHandle: Hashable, Sendable, CustomStringConvertible {
  /// Nil when the id doesn't tell.
  public let cluster: ClusterName?
  /// Name of the volume in its stores, and of its directory: letters, digits, `-`, `.` and `_`.
  public let leaf: String

  /// Longest id that the CSI specification allows, in bytes.
  static let longestID = 128

  /// - Returns: nil when the id can be none of this driver's.
  public init?(id: String) {
    let parts = id.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    switch parts.count {
    case 1:
      cluster = nil
    case 3:
      guard let cluster = ClusterName(namespace: parts[0], name: parts[1]) else { return nil }
      self.cluster = cluster
    default: return nil
    }
    guard let leaf = parts.last, Self.isLeaf(leaf) else { return nil }
    self.leaf = leaf
  }

  /// The handle of a volume or snapshot that is to be made.
  ///
  /// - Parameters:
  ///   - name: what the caller suggests; kept where it can be a directory's name, hashed otherwise.
  ///   - prefix: sets snapshots apart from volumes.
  /// - Returns: nil when the cluster's names leave no room for it.
  public init?(cluster: ClusterName, name: String, prefix: String = "") {
    let room = Self.longestID - cluster.namespace.utf8.count - cluster.name.utf8.count - 2
    let plain = prefix + name
    let isPlain =
      Self.isLeaf(plain) && plain.utf8.count <= min(room, 80) && !name.hasPrefix("x-") && !Self.isUUID(plain)
    let leaf = isPlain ? plain : "\(prefix)x-\(StableHash.hex(name))"
    guard leaf.utf8.count <= room else { return nil }
    self.cluster = cluster
    self.leaf = leaf
  }

  public var description: String { cluster.map { "\($0)/\(leaf)" } ?? leaf }

  /// Whether a text is a UUID, which ids of the original are and leaves of ours are not (RFC 9562).
  static func isUUID(_ text: String) -> Bool {
    let groups = text.split(separator: "-", omittingEmptySubsequences: false)
    return groups.map(\.utf8.count) == [8, 4, 4, 4, 12]
      && groups.allSatisfy { $0.utf8.allSatisfy { HexText.nibble($0) != nil } }
  }

  /// Whether a text can be the name of a volume's directory.
  static func isLeaf(_ text: String) -> Bool {
    guard (1...Self.longestID).contains(text.utf8.count), text != ".", text != ".." else { return false }
    return text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
        true
      default: false
      }
    }
  }
}

/// The first half of a SHA-256 hash, as 32 hexadecimal digits: enough that no two names ever meet.
enum StableHash {
  static func hex(_ text: String) -> String {
    String(
      decoding: SHA256.hash(data: Array(text.utf8)).prefix(16).flatMap {
        [HexText.digit($0 >> 4), HexText.digit($0 & 15)]
      }, as: UTF8.self)
  }
}
