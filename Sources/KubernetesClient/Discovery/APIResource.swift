import KubernetesObjects

/// A kind as the server has it.
public struct APIResource: Sendable, Equatable {
  public let type: ObjectType
  /// The name in URLs and rules, for instance `deployments`.
  public let plural: String
  public let isNamespaced: Bool
  /// `get`, `list`, `watch`, …
  public let verbs: Set<String>
}

/// The server's version.
public struct ServerVersion: Sendable, Equatable, CustomStringConvertible {
  public let major: Int
  public let minor: Int
  /// For instance `v1.34.2+k3s1`.
  public let gitVersion: String

  /// Some distributions write `27+`.
  init?(_ value: Value) {
    guard let major = Self.number(value["major"]), let minor = Self.number(value["minor"]) else { return nil }
    self.major = major
    self.minor = minor
    gitVersion = value["gitVersion"]?.string ?? "v\(major).\(minor)"
  }

  private static func number(_ value: Value?) -> Int? {
    value?.string.flatMap { Int($0.prefix { $0.isASCII && $0.isNumber }) }
  }

  public var description: String { gitVersion }
}
