import Coordination
import Documents
import KubernetesObjects
import Support
import Synchronization

/// Version and resources of the server.
extension KubernetesClient {
  /// The server's version.
  ///
  /// - Throws: as every call of ``KubernetesClient``.
  public func version() async throws -> ServerVersion {
    let operation = Operation("get", "the server's version")
    let value = try await send(APICall(APIPath("version"), operation))
    guard let version = ServerVersion(value) else { throw malformed("it has no version", operation) }
    return version
  }

  /// The resource of a kind; nil when the server has none.
  ///
  /// Answers are kept per group and version, and asked for again when the kind is missing.
  ///
  /// - Throws: as every call of ``KubernetesClient``.
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

/// A kind as the server has it.
public struct APIResource: Sendable, Equatable {
  public let type: ObjectType
  /// The name in URLs and rules, for instance `deployments`.
  public let plural: String
  public let isNamespaced: Bool
  /// `get`, `list`, `watch`, …
  public let verbs: Set<String>
}

/// The server's version.
public struct ServerVersion: Sendable, Equatable, CustomStringConvertible {
  public let major: Int
  public let minor: Int
  /// Text such as `v1.34.2+k3s1`.
  public let gitVersion: String

  /// Reads the server's answer; some distributions write `27+`.
  init?(_ value: Value) {
    guard let major = Self.number(value["major"]), let minor = Self.number(value["minor"]) else { return nil }
    self.major = major
    self.minor = minor
    gitVersion = value["gitVersion"]?.string ?? "v\(major).\(minor)"
  }

  private static func number(_ value: Value?) -> Int? {
    value?.string.flatMap { Int($0.prefix { $0.isASCII && $0.isNumber }) }
  }

  public var description: String { gitVersion }
}

/// The resources of each group and version that was asked for; callers who ask together wait for one answer.
final class DiscoveryCache: Sendable {
  typealias Resources = [String: APIResource]

  private let answers = Mutex<[String: SharedTask<Resources>]>([:])

  /// The resources by kind.
  ///
  /// - Parameters:
  ///   - isFresh: whether an answer from before this call will not do.
  ///   - ask: asks the server; empty when it has no such version.
  func resources(
    _ apiVersion: String, isFresh: Bool = false, ask: @escaping @Sendable () async throws -> Resources
  ) async throws -> (resources: Resources, isOwn: Bool) {
    let (answer, isOwn) = answers.withLock { answers in
      if !isFresh, let answer = answers[apiVersion], !answer.isAbandoned { return (answer, false) }
      let answer = SharedTask(ask)
      answers[apiVersion] = answer
      return (answer, true)
    }
    do {
      return (try await answer.value(), isOwn)
    } catch {
      answers.withLock { if $0[apiVersion] === answer { $0[apiVersion] = nil } }
      // Everybody had left that question before this caller joined it.
      if error is CancellationError && !Task.isCancelled { return try await resources(apiVersion, ask: ask) }
      throw error
    }
  }
}
