import KubernetesObjects

/// Reading and changing single objects.
///
/// An object of a namespaced kind that names no namespace is looked for in `defaultNamespace`.
extension KubernetesClient {
  /// The object; nil when it, or its kind, does not exist.
  ///
  /// - Throws: as every call of ``KubernetesClient``; not for an object or a type that does not exist.
  public func get(_ object: ObjectReference) async throws -> KubernetesObject? {
    guard let resource = try await resource(for: object.type) else { return nil }
    do {
      return try await answer(APICall(path(of: object, resource), Operation("get", object)))
    } catch let error as KubernetesError where error.isNotFound {
      return nil
    }
  }

  /// Creates an object.
  ///
  /// - Throws: `KubernetesError` with `isAlreadyExists` when there is one.
  public func create(_ object: KubernetesObject, dryRun: Bool = false) async throws -> KubernetesObject {
    let operation = Operation("create", object.reference)
    let resource = try await existingResource(for: object.reference.type, operation)
    let path = APIPath(resource, namespace: object.namespace ?? defaultNamespace)
      .setting("fieldManager", fieldManager).setting("fieldValidation", "Strict")
      .setting("dryRun", dryRun ? "All" : nil)
    return try await answer(APICall("POST", path, operation, effect: dryRun ? .repeatable : .once, body: object.tree))
  }

  /// Makes the server's object have the fields given, creating it where missing (server-side apply).
  ///
  /// - Parameter force: whether to take fields over that another manager owns.
  /// - Throws: `KubernetesError` with `isConflict` when another manager owns a field, unless forced.
  public func apply(
    _ object: KubernetesObject, force: Bool = false, dryRun: Bool = false
  ) async throws -> KubernetesObject {
    try await apply(object, force: force, dryRun: dryRun, as: fieldManager)
  }

  /// Applies an object as another field manager would, as a dry run: nothing is changed.
  ///
  /// - Throws: as every call of ``KubernetesClient``, for instance when the server refuses the object.
  public func rehearse(_ object: KubernetesObject, as manager: String) async throws -> KubernetesObject {
    try await apply(object, force: true, dryRun: true, as: manager)
  }

  private func apply(
    _ object: KubernetesObject, force: Bool, dryRun: Bool, as manager: String
  ) async throws -> KubernetesObject {
    let operation = Operation("apply", object.reference)
    let resource = try await existingResource(for: object.reference.type, operation)
    let path = path(of: object.reference, resource)
      .setting("fieldManager", manager).setting("fieldValidation", "Strict")
      .setting("force", force ? "true" : nil).setting("dryRun", dryRun ? "All" : nil)
    return try await answer(
      APICall(
        "PATCH", path, operation, effect: .repeatable, body: object.tree, contentType: "application/apply-patch+yaml"))
  }

  /// Changes an object, or a subresource of it such as `status`.
  ///
  /// - Throws: `KubernetesError` with `isNotFound` when there is no such object, and as every call of
  ///   ``KubernetesClient``.
  public func patch(
    _ object: ObjectReference, _ patch: Patch, subresource: String? = nil
  ) async throws -> KubernetesObject {
    let operation = Operation("patch", object)
    let resource = try await existingResource(for: object.type, operation)
    var path = path(of: object, resource)
    if let subresource { path.append(subresource) }
    path.set("fieldManager", fieldManager)
    let call =
      switch patch {
      case .merge(let value):
        APICall("PATCH", path, operation, effect: .repeatable, body: value, contentType: "application/merge-patch+json")
      case .json(let value):
        APICall("PATCH", path, operation, effect: .once, body: value, contentType: "application/json-patch+json")
      }
    return try await answer(call)
  }

  /// Replaces the status of an object.
  ///
  /// - Throws: `KubernetesError` with `isConflict` when the object has changed since it was read.
  public func replaceStatus(_ object: KubernetesObject) async throws -> KubernetesObject {
    let operation = Operation("update the status of", object.reference)
    let resource = try await existingResource(for: object.reference.type, operation)
    let path = path(of: object.reference, resource).appending("status").setting("fieldManager", fieldManager)
    return try await answer(APICall("PUT", path, operation, effect: .repeatable, body: object.tree))
  }

  /// Deletes an object; finalizers may keep it for a while.
  ///
  /// - Parameters:
  ///   - uid: deletes only the object with this identity.
  ///   - resourceVersion: deletes only this version of it.
  ///   - graceSeconds: time that a pod has to end, 0 for nobody to wait for; nil for what the pod says.
  /// - Returns: false when it, or its kind, does not exist.
  /// - Throws: `KubernetesError` with `isConflict` when a precondition does not hold.
  public func delete(
    _ object: ObjectReference, propagation: Propagation = .background, uid: String? = nil,
    resourceVersion: String? = nil, graceSeconds: Int? = nil, dryRun: Bool = false
  ) async throws -> Bool {
    guard let resource = try await resource(for: object.type) else { return false }
    var options: Value = [
      "apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": .string(propagation.rawValue),
    ]
    if let uid { options["preconditions", "uid"] = .string(uid) }
    if let resourceVersion { options["preconditions", "resourceVersion"] = .string(resourceVersion) }
    if let graceSeconds { options["gracePeriodSeconds"] = Value(graceSeconds) }
    if dryRun { options["dryRun"] = ["All"] }
    do {
      _ = try await send(
        APICall("DELETE", path(of: object, resource), Operation("delete", object), effect: .repeatable, body: options))
      return true
    } catch let error as KubernetesError where error.isNotFound {
      // A first try may have done it and lost its answer.
      return error.attempts > 1
    }
  }

  /// The path of an object.
  func path(of object: ObjectReference, _ resource: APIResource) -> APIPath {
    APIPath(resource, namespace: object.namespace ?? defaultNamespace).appending(object.name)
  }

  private func answer(_ call: APICall) async throws -> KubernetesObject {
    KubernetesObject(try await send(call))
  }
}

/// Treatment of the objects that a deleted one owns.
public enum Propagation: String, Sendable {
  /// Dependents go afterwards.
  case background = "Background"
  /// Dependents go first.
  case foreground = "Foreground"
  /// Dependents stay.
  case orphan = "Orphan"
}

/// Objects of one type as they were at one moment.
public struct ObjectList: Sendable, Equatable {
  public let items: [KubernetesObject]
  /// The moment, for a watch that goes on from it.
  public let resourceVersion: String
}
