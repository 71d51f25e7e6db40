import GRPCCore
import JSON
import KubernetesObjects
import StoreProtocol

/// Meaning of a CSI volume id: the cluster of the volume, and its name in the stores.
///
/// Ids of ours read `namespace/cluster/name`. They are made of the request alone, so a repeated request leads to the
/// same volume, whichever controller gets it. Ids of another form are taken as they are: the original's UUIDs, and
/// what kubelet makes up for inline volumes; their cluster comes with the volume context.
public struct VolumeHandle: Hashable, Sendable, CustomStringConvertible {
  /// Nil when the id doesn't tell.
  public let cluster: ClusterName?
  /// Name of the volume in its stores, and of its directory: letters, digits, `-`, `.` and `_`.
  public let name: String

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
    guard let name = parts.last, VolumeSettings.isValid(id: name) else { return nil }
    self.name = name
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
      VolumeSettings.isValid(id: plain) && plain.utf8.count <= min(room, 80) && !name.hasPrefix("x-")
      && !Self.isUUID(plain)
    let name = isPlain ? plain : "\(prefix)x-\(StableHash.hex(name))"
    guard name.utf8.count <= room else { return nil }
    self.cluster = cluster
    self.name = name
  }

  public var description: String { cluster.map { "\($0)/\(name)" } ?? name }

  /// Whether a text is a UUID, which ids of the original are and names of ours are not (RFC 9562).
  static func isUUID(_ text: String) -> Bool {
    let groups = text.split(separator: "-", omittingEmptySubsequences: false)
    return groups.map(\.utf8.count) == [8, 4, 4, 4, 12]
      && groups.allSatisfy { $0.utf8.allSatisfy { HexText.nibble($0) != nil } }
  }
}

/// A Vineyard cluster: the resource of kind Vineyardd that describes it.
public struct ClusterName: Hashable, Sendable, CustomStringConvertible {
  public let namespace: String
  public let name: String

  /// - Returns: nil unless both are DNS-1123 names, so that they can stand in paths and host names.
  public init?(namespace: String, name: String) {
    guard isDNSLabel(namespace), isDNSLabel(name) else { return nil }
    self.namespace = namespace
    self.name = name
  }

  public var description: String { "\(namespace)/\(name)" }
}

/// Source: RFC 1123, as Kubernetes reads it: at most 63 of a-z, 0-9 and -, which doesn't begin or end it.
func isDNSLabel(_ text: String) -> Bool {
  let bytes = text.utf8
  guard (1...63).contains(bytes.count), bytes.first != UInt8(ascii: "-"), bytes.last != UInt8(ascii: "-") else {
    return false
  }
  return bytes.allSatisfy { byte in
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
      || byte == UInt8(ascii: "-")
  }
}
