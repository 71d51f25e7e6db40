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
