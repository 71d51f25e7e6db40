import KubernetesObjects
import Manifests

/// The custom resource that an object belongs to.
struct OwnerReference: Hashable, Sendable {
  let kind: String
  let name: String
  let uid: String

  /// The controller of an object; nil when it is none of ours.
  init?(of object: KubernetesObject) {
    let controller = object.tree["metadata", "ownerReferences"]?.array?.first { $0["controller"]?.bool == true }
    guard let controller, controller["apiVersion"]?.string == Manifests.apiVersion,
      let kind = controller["kind"]?.string, let name = controller["name"]?.string,
      let uid = controller["uid"]?.string
    else { return nil }
    self.kind = kind
    self.name = name
    self.uid = uid
  }
}
