import KubernetesObjects

/// A request the API server turned down.
public struct KubernetesError: Error, Equatable, Sendable {
  /// One fault in what was sent, or one field in conflict.
  public struct Cause: Equatable, Sendable {
    /// The field's path, empty when the whole object is meant.
    public let field: String
    public let message: String
    /// `FieldValueInvalid`, `FieldManagerConflict`, …
    public let reason: String
  }

  /// The HTTP status, for instance 409.
  public let httpStatus: Int
  /// The reason in one word, for instance `Conflict`; empty when the answer gave none.
  public let reason: String
  /// The server's message.
  public let message: String
  public let causes: [Cause]
  /// Time after which the server wants to be asked again.
  public let retryAfter: Duration?
  /// The operation that failed.
  public let operation: Operation
  /// The server's URL.
  public let server: String
  /// Whether the answer names an object, so that a 404 is about that object and not about its kind.
  let namesObject: Bool
  /// Tries made; an earlier one may have had an effect before its answer was lost.
  var attempts = 1
}

extension KubernetesError {
  /// Another writer was faster, or owns a field.
  public var isConflict: Bool { httpStatus == 409 && reason != "AlreadyExists" }
  public var isAlreadyExists: Bool { reason == "AlreadyExists" }
  public var isNotFound: Bool { httpStatus == 404 }
  public var isForbidden: Bool { httpStatus == 403 }
  /// The resource version asked for is no longer kept.
  public var isExpired: Bool { httpStatus == 410 }
  /// The server has no such kind.
  public var isUnknownKind: Bool { httpStatus == 404 && reason == Self.unknownKind }

  static let unknownKind = "UnknownKind"

  /// The error for a kind that discovery does not find.
  static func unknownKind(_ type: ObjectType, _ operation: Operation, server: String) -> KubernetesError {
    KubernetesError(
      httpStatus: 404, reason: unknownKind, message: "the server has no kind \(type)", causes: [], retryAfter: nil,
      operation: operation, server: server, namesObject: false)
  }
}
