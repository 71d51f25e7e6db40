import KubernetesObjects
import Manifests

/// An object among those of its type.
struct ObjectKey: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// Empty for objects of the cluster as a whole.
  let namespace: String
  let name: String

  init(namespace: String = "", name: String) {
    self.namespace = namespace
    self.name = name
  }

  init(_ object: KubernetesObject) { self.init(namespace: object.namespace ?? "", name: object.name) }

  init(_ reference: ObjectReference) { self.init(namespace: reference.namespace ?? "", name: reference.name) }

  /// `vineyard-system/vineyardd-sample`.
  var description: String { namespace.isEmpty ? name : "\(namespace)/\(name)" }

  static func < (left: ObjectKey, right: ObjectKey) -> Bool {
    (left.namespace, left.name) < (right.namespace, right.name)
  }
}

extension Event {
  /// The workload that it is about, if it is one named as ours are.
  func workload(_ kind: String, suffix: String) -> ObjectKey? {
    guard subjectKind == kind, subjectName.hasSuffix(suffix) else { return nil }
    return ObjectKey(namespace: subjectNamespace, name: subjectName)
  }
}

extension KubernetesObject {
  /// The custom resource of ours that controls this object; nil when none does.
  var customResource: OwnerReference? { controller.flatMap { $0.apiVersion == Manifests.apiVersion ? $0 : nil } }
}
