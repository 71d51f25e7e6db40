import KubernetesObjects
import Manifests

/// Maps a change of an object to the custom resources that it concerns.
enum ChangeRouter {
  /// The clusters to look at.
  static func clusters(_ change: ObjectCache.Change) -> Set<ObjectKey> {
    Set([change.old, change.new].compactMap { $0 }.compactMap { cluster(of: $0) })
  }

  private static func cluster(of object: KubernetesObject) -> ObjectKey? {
    switch object.reference.type {
    case .vineyardd: return ObjectKey(object)
    case .persistentVolume:
      // A namespace has no dot, so the first one ends it.
      guard let label = object.labels[Manifests.clusterLabel], let dot = label.firstIndex(of: ".") else { return nil }
      return ObjectKey(namespace: String(label[..<dot]), name: String(label[label.index(after: dot)...]))
    case .event:
      guard let members = workload(of: object, "StatefulSet", suffix: "-etcd") else { return nil }
      return ObjectKey(namespace: members.namespace, name: String(members.name.dropLast("-etcd".count)))
    default:
      guard let owner = object.customResource, owner.kind == "Vineyardd", let namespace = object.namespace else {
        return nil
      }
      return ObjectKey(namespace: namespace, name: owner.name)
    }
  }

  /// The workload that an event is about, if it is one as ours are named.
  private static func workload(of event: KubernetesObject, _ kind: String, suffix: String) -> ObjectKey? {
    let event = Event(event)
    guard event.subjectKind == kind, event.subjectName.hasSuffix(suffix) else { return nil }
    return ObjectKey(namespace: event.subjectNamespace, name: event.subjectName)
  }

  /// Whether the drivers are to be looked at. They depend on each other, so one is looked at with all.
  static func concernsDrivers(_ change: ObjectCache.Change) -> Bool {
    [change.old, change.new].contains { object in
      guard let object else { return false }
      switch object.reference.type {
      case .csiDriver, .vineyardd: return true
      case .event: return workload(of: object, "DaemonSet", suffix: "-csi-nodes") != nil
      default: return object.customResource?.kind == "CSIDriver"
      }
    }
  }
}
