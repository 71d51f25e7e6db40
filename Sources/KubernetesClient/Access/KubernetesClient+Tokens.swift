import Documents

/// The owner of a bearer token, according to the API server.
public struct TokenOwner: Sendable, Equatable {
  public let name: String
  let uid: String?
  let groups: Value
  let extra: Value?

  init?(_ user: Value?) {
    guard let user, let name = user["username"]?.string, !name.isEmpty else { return nil }
    self.name = name
    uid = user["uid"]?.string
    groups = user["groups"] ?? []
    extra = user["extra"]
  }
}

/// Asking on behalf of others, for servers that let the API server decide who may use them.
extension KubernetesClient {
  /// The owner of a bearer token (TokenReview); nil when it is not valid.
  ///
  /// - Throws: as every call of ``KubernetesClient``.
  public func owner(ofToken token: String) async throws -> TokenOwner? {
    let review: Value = [
      "apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": ["token": .string(token)],
    ]
    let path = APIPath("apis", "authentication.k8s.io", "v1", "tokenreviews")
    let answer = try await send(
      APICall("POST", path, Operation("ask for", "the owner of a token"), effect: .read, body: review))
    guard answer["status", "authenticated"]?.bool == true else { return nil }
    return TokenOwner(answer["status", "user"])
  }

  /// Whether somebody may do something with a path that is no resource, such as get `/metrics` (SubjectAccessReview).
  ///
  /// - Throws: as every call of ``KubernetesClient``.
  public func isAllowed(_ owner: TokenOwner, verb: String, path: String) async throws -> Bool {
    var spec: Value = [
      "user": .string(owner.name), "groups": owner.groups,
      "nonResourceAttributes": ["verb": .string(verb), "path": .string(path)],
    ]
    spec["uid"] = owner.uid.map { .string($0) }
    spec["extra"] = owner.extra
    let review: Value = ["apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec]
    let operation = Operation("ask for", "permission of \(owner.name) to \(verb) \(path)")
    let call = APICall(
      "POST", APIPath("apis", "authorization.k8s.io", "v1", "subjectaccessreviews"), operation, effect: .read,
      body: review)
    let answer = try await send(call)
    guard let allowed = answer["status", "allowed"]?.bool else { throw malformed("it is no review", operation) }
    return allowed
  }
}
