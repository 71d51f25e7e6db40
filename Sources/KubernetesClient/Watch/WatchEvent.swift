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

/// Cuts a stream of bytes into lines, wherever the pieces it arrives in end.
struct LineSplitter {
  private var rest: [UInt8] = []
  /// Length of the part of `rest` without a line break, so that a long line is not searched again and again.
  private var searched = 0

  /// Takes a piece.
  ///
  /// - Returns: the lines that are now complete, without their line breaks and without empty ones.
  mutating func take(_ bytes: [UInt8]) -> [[UInt8]] {
    rest += bytes
    var lines: [[UInt8]] = []
    var start = 0
    while let end = rest[searched...].firstIndex(of: UInt8(ascii: "\n")) {
      if end > start { lines.append(Array(rest[start..<end])) }
      start = end + 1
      searched = start
    }
    rest.removeFirst(start)
    searched = rest.count
    return lines
  }

  /// Whether bytes of an unfinished line are left.
  var isInsideLine: Bool { !rest.isEmpty }
}
