import GRPCCore

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
