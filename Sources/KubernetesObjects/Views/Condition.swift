import Support

/// One statement about a resource in its status (meta/v1 Condition).
public struct Condition: Sendable, Equatable {
  public enum Status: String, Sendable {
    case yes = "True"
    case no = "False"
    case unknown = "Unknown"
  }

  public var type: String
  public var status: Status
  /// One word.
  public var reason: String
  /// Sentence for people; may be empty.
  public var message: String
  /// Time of the last change of `status`, as the server has it; nil for a condition that is not written yet.
  public private(set) var lastTransitionTime: String?

  public init(_ type: String, _ status: Status, _ reason: String, _ message: String = "") {
    self.type = type
    self.status = status
    self.reason = reason
    self.message = message
  }

  public init(_ type: String, _ isTrue: Bool, _ reason: String, _ message: String = "") {
    self.init(type, isTrue ? .yes : .no, reason, message)
  }

  /// The message of a condition that is not true; nil when it is, or says nothing.
  public var complaint: String? { status == .yes || message.isEmpty ? nil : message }

  /// Reads one of a status.
  public init?(_ tree: Value) {
    guard let type = tree["type"]?.string, let status = tree["status"]?.string.flatMap({ Status(rawValue: $0) }) else {
      return nil
    }
    self.init(type, status, tree["reason"]?.string ?? "", tree["message"]?.string ?? "")
    lastTransitionTime = tree["lastTransitionTime"]?.string
  }
}

extension KubernetesObject {
  /// The conditions of its status.
  public var conditions: [Condition] { (tree["status", "conditions"]?.array ?? []).compactMap { Condition($0) } }

  /// The condition of a type; nil when the status has none.
  public func condition(_ type: String) -> Condition? { conditions[type] }
}

extension [Condition] {
  public subscript(type: String) -> Condition? { first { $0.type == type } }

  /// The conditions as a status has them. One that says the same as before keeps the time of its transition.
  public func tree(after resource: KubernetesObject, generation: Int, now: Timestamp) -> Value {
    let before = resource.conditions
    return .array(
      map { condition in
        let old = before[condition.type]
        let since = old?.status == condition.status ? old?.lastTransitionTime : nil
        return [
          "type": .string(condition.type), "status": .string(condition.status.rawValue),
          "observedGeneration": Value(generation), "lastTransitionTime": .string(since ?? now.time),
          "reason": .string(condition.reason), "message": .string(String(condition.message.prefix(1024))),
        ]
      })
  }
}
