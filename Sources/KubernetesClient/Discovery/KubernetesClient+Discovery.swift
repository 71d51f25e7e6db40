import KubernetesObjects

/// Version and resources of the server.
extension KubernetesClient {
  /// The server's version.
  public func version() async throws -> ServerVersion {
    let operation = Operation("get", "the server's version")
    let value = try await send(APICall(APIPath("version"), operation))
    guard let version = ServerVersion(value) else { throw malformed("it has no version", operation) }
    return version
  }

  /// The resource of a kind; nil when the server has none.
  ///
  /// Answers are kept per group and version, and asked for again when the kind is missing.
  public func resource(for type: ObjectType) async throws -> APIResource? {
    let ask: @Sendable () async throws -> DiscoveryCache.Resources = { try await self.resources(of: type) }
    let known = try await discovery.resources(type.apiVersion, ask: ask)
    if let resource = known.resources[type.kind] { return resource }
    if known.isOwn { return nil }
    return try await discovery.resources(type.apiVersion, isFresh: true, ask: ask).resources[type.kind]
  }

  /// The resource of a kind.
  ///
  /// - Throws: `KubernetesError` with `isUnknownKind` when it has none.
  func existingResource(for type: ObjectType, _ operation: Operation) async throws -> APIResource {
    guard let resource = try await resource(for: type) else {
      throw KubernetesError.unknownKind(type, operation, server: server)
    }
    return resource
  }

  private func resources(of type: ObjectType) async throws -> DiscoveryCache.Resources {
    let operation = Operation("discover", type.apiVersion)
    let list: Value
    do {
      list = try await send(APICall(APIPath(groupOf: type), operation))
    } catch let error as KubernetesError where error.isNotFound {
      return [:]
    }
    guard let entries = list["resources"]?.array else { throw malformed("it lists no resources", operation) }
    return entries.reduce(into: [:]) { found, entry in
      // A name with a slash is a subresource.
      guard let plural = entry["name"]?.string, !plural.contains("/"), let kind = entry["kind"]?.string else { return }
      found[kind] = APIResource(
        type: ObjectType(apiVersion: type.apiVersion, kind: kind), plural: plural,
        isNamespaced: entry["namespaced"]?.bool ?? false,
        verbs: Set((entry["verbs"]?.array ?? []).compactMap(\.string)))
    }
  }

  func malformed(_ text: String, _ operation: Operation) -> TransportError {
    TransportError(TransportFailure(.malformedAnswer, text), operation, server: server)
  }
}
