/// The type of a Kubernetes object.
public struct ObjectType: Hashable, Sendable, CustomStringConvertible {
  /// `v1`, `apps/v1`, …
  public let apiVersion: String
  /// `Deployment`, …
  public let kind: String

  public init(apiVersion: String, kind: String) {
    self.apiVersion = apiVersion
    self.kind = kind
  }

  /// The API group, empty for the core group.
  public var group: String {
    apiVersion.firstIndex(of: "/").map { String(apiVersion[..<$0]) } ?? ""
  }

  /// The version without the group.
  public var version: String {
    apiVersion.lastIndex(of: "/").map { String(apiVersion[apiVersion.index(after: $0)...]) } ?? apiVersion
  }

  /// The plural as nearly every type has it in the paths of the API: `deployments`, `ingresses`, `networkpolicies`.
  public var usualPlural: String {
    let singular = kind.lowercased()
    if ["s", "x", "ch", "sh"].contains(where: { singular.hasSuffix($0) }) { return "\(singular)es" }
    let endsInConsonantAndY = singular.hasSuffix("y") && !"aeiou".contains(singular.dropLast().last ?? "a")
    return endsInConsonantAndY ? "\(singular.dropLast())ies" : "\(singular)s"
  }

  public var description: String { "\(kind) (\(apiVersion))" }
}

/// Names one Kubernetes object.
public struct ObjectReference: Hashable, Sendable, CustomStringConvertible {
  public let type: ObjectType
  /// nil for objects of the cluster as a whole.
  public var namespace: String?
  public let name: String

  public init(type: ObjectType, namespace: String? = nil, name: String) {
    self.type = type
    self.namespace = namespace
    self.name = name
  }

  /// `Deployment vineyard-system/vineyardd-sample`, `Namespace vineyard-system`.
  public var description: String { "\(type.kind) \(namespace.map { "\($0)/" } ?? "")\(name)" }
}

/// An object that another one belongs to (meta/v1 OwnerReference).
public struct OwnerReference: Hashable, Sendable {
  public let apiVersion: String
  public let kind: String
  public let name: String
  public let uid: String
  /// Whether it is the one that manages the object.
  public let isController: Bool

  init?(_ tree: Value) {
    guard let uid = tree["uid"]?.string else { return nil }
    apiVersion = tree["apiVersion"]?.string ?? ""
    kind = tree["kind"]?.string ?? ""
    name = tree["name"]?.string ?? ""
    self.uid = uid
    isController = tree["controller"]?.bool == true
  }
}

extension KubernetesObject {
  /// The objects that this one goes with.
  public var owners: [OwnerReference] {
    (tree["metadata", "ownerReferences"]?.array ?? []).compactMap { OwnerReference($0) }
  }

  /// The owner that manages this object; nil when none does.
  public var controller: OwnerReference? { owners.first { $0.isController } }
}
