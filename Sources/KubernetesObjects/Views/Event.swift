import Support

/// An event: something that was observed about an object (core/v1).
public struct Event: Sendable {
  public let object: KubernetesObject

  public init(_ object: KubernetesObject) { self.object = object }

  public var isWarning: Bool { object.tree["type"]?.string == "Warning" }
  /// One word.
  public var reason: String { object.tree["reason"]?.string ?? "" }
  public var message: String? { object.tree["message"]?.string }
  /// Time of the last occurrence; such times are in the order of their texts.
  public var time: String { object.tree["lastTimestamp"]?.string ?? object.tree["eventTime"]?.string ?? "" }

  /// Times that it was observed.
  public var count: Int { object.tree["count"]?.int ?? object.tree["series", "count"]?.int ?? 1 }

  /// The kind of the object it is about.
  public var subjectKind: String { object.tree["involvedObject", "kind"]?.string ?? "" }
  public var subjectNamespace: String { object.tree["involvedObject", "namespace"]?.string ?? "" }
  public var subjectName: String { object.tree["involvedObject", "name"]?.string ?? "" }
  public var subjectUID: String? { object.tree["involvedObject", "uid"]?.string }
}

extension Timestamp {
  /// Text in the form of Kubernetes' times: `2026-11-23T15:04:05Z`.
  public var time: String { "\(description.prefix(19))Z" }

  /// Text in the form of times of leases and events, with exactly six digits: `2026-11-23T15:04:05.123000Z`.
  public var microTime: String { "\(description.dropLast())000Z" }
}
