import Documents

/// Something a user may be allowed to do.
public struct AccessQuery: Sendable, Hashable, CustomStringConvertible {
  /// `get`, `create`, …
  public var verb: String
  /// Empty for the core group.
  public var group: String
  /// The plural name.
  public var resource: String
  public var subresource: String?
  /// nil for every namespace, and for resources of the cluster.
  public var namespace: String?
  /// nil for every object.
  public var name: String?

  public init(
    verb: String, group: String = "", resource: String, subresource: String? = nil, namespace: String? = nil,
    name: String? = nil
  ) {
    self.verb = verb
    self.group = group
    self.resource = resource
    self.subresource = subresource
    self.namespace = namespace
    self.name = name
  }

  /// `create deployments.apps in namespace vineyard-system`.
  public var description: String {
    let path = subresource.map { "\(resource)/\($0)" } ?? resource
    let whole = group.isEmpty ? path : "\(path).\(group)"
    return "\(verb) \(whole)\(name.map { " \($0)" } ?? "")\(namespace.map { " in namespace \($0)" } ?? "")"
  }
}

extension KubernetesClient {
  /// Whether the user of this client may do something (SelfSubjectAccessReview).
  ///
  /// - Throws: as every call of ``KubernetesClient``.
  public func isAllowed(_ access: AccessQuery) async throws -> Bool {
    var attributes: Value = [
      "verb": .string(access.verb), "group": .string(access.group), "resource": .string(access.resource),
    ]
    attributes["subresource"] = access.subresource.map { .string($0) }
    attributes["namespace"] = access.namespace.map { .string($0) }
    attributes["name"] = access.name.map { .string($0) }
    let review: Value = [
      "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
      "spec": ["resourceAttributes": attributes],
    ]
    let operation = Operation("ask for", "permission to \(access)")
    let path = APIPath("apis", "authorization.k8s.io", "v1", "selfsubjectaccessreviews")
    let answer = try await send(APICall("POST", path, operation, effect: .read, body: review))
    guard let allowed = answer["status", "allowed"]?.bool else { throw malformed("it is no review", operation) }
    return allowed
  }
}
