import KubernetesObjects

/// A change that a watch reports.
public enum WatchEvent: Sendable, Equatable {
  /// All objects there are now; what the reader knew before and is not among them is gone.
  case replaced([KubernetesObject])
  case added(KubernetesObject)
  case modified(KubernetesObject)
  /// The object as it was at its end.
  case deleted(KubernetesObject)
}

/// One line of a watch's answer.
enum WatchLine {
  case event(WatchEvent, resourceVersion: String)
  case bookmark(resourceVersion: String)
  case failure(status: Value)

  /// - Throws: `TransportFailure` for a line that is none of these.
  init(_ line: [UInt8], _ type: ObjectType) throws(TransportFailure) {
    let value: Value
    do throws(DocumentError) {
      value = try Value(json: line)
    } catch {
      throw TransportFailure(.malformedAnswer, "a line of the watch is no JSON: \(error)")
    }
    guard let kind = value["type"]?.string, let tree = value["object"] else {
      throw TransportFailure(.malformedAnswer, "a line of the watch is no event")
    }
    let object = KubernetesObject(tree, completedWith: type)
    let version = object.resourceVersion ?? ""
    switch kind {
    case "ADDED": self = .event(.added(object), resourceVersion: version)
    case "MODIFIED": self = .event(.modified(object), resourceVersion: version)
    case "DELETED": self = .event(.deleted(object), resourceVersion: version)
    case "BOOKMARK": self = .bookmark(resourceVersion: version)
    case "ERROR": self = .failure(status: tree)
    default: throw TransportFailure(.malformedAnswer, "a line of the watch is of unknown type '\(kind)'")
    }
  }
}
