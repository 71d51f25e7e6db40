import Coordination
import KubernetesClient
import KubernetesObjects
import Logging
import Support

/// Bytes that a store uses and bytes that it may use.
public struct StoreMemory: Sendable, Equatable {
  public let used: UInt64
  public let limit: UInt64

  public init(used: UInt64, limit: UInt64) {
    self.used = used
    self.limit = limit
  }
}

/// Asks the stores of a cluster how much memory they use, through the API server or, from inside, at their addresses.
public struct StoreMemoryReader: Sendable {
  private let client: KubernetesClient
  private let log: Logger
  private let isInside: Bool

  /// - Parameter isInside: whether this is a pod of the cluster, which reaches the others without the API server.
  public init(client: KubernetesClient, log: Logger, isInside: Bool = false) {
    self.client = client
    self.log = log
    self.isInside = isInside
  }

  /// Stores are asked side by side, and one that does not answer must not hold up the others.
  private static let timeout = TimeSpan.seconds(5)

  /// Bytes used and allowed, by pod, and why some are missing, a line for each cause.
  public func read(_ pods: [KubernetesObject]) async -> (found: [String: StoreMemory], failures: [String]) {
    let ready = Set(pods.filter { Pod($0).statuses.allSatisfy(\.isReady) }.map(\.name))
    return await withTaskGroup(of: (String, Result<StoreMemory, Unreadable>).self) { group in
      for pod in pods {
        guard let port = Self.metricsPort(of: pod) else { continue }
        group.addTask { (pod.name, await self.read(pod, port)) }
      }
      var found: [String: StoreMemory] = [:]
      var causes: [String: [String]] = [:]
      for await (pod, result) in group {
        switch result {
        case .success(let memory): found[pod] = memory
        // One that is still starting need not answer.
        case .failure(let failure): if ready.contains(pod) { causes[failure.cause, default: []].append(pod) }
        }
      }
      return (found, causes.map { Self.line($0.value.sorted(), $0.key) }.sorted())
    }
  }

  /// The reason why the memory of a store is not known.
  private struct Unreadable: Error {
    let cause: String
  }

  private static func line(_ pods: [String], _ cause: String) -> String {
    "memory of \(pods.count > 1 ? "\(pods.count) stores, such as \(pods[0])" : pods[0]): \(cause)"
  }

  /// The container port named `metrics` of a running store.
  private static func metricsPort(of pod: KubernetesObject) -> Int? {
    guard pod.labels["app.vineyard.io/role"] == "vineyardd", Pod(pod).isRunning else { return nil }
    return Pod(pod).containers.lazy.compactMap { $0.port("metrics") }.first
  }

  /// Address and port of the metrics of a running store, for a program in the cluster; nil when it has none.
  static func metricsAddress(of pod: KubernetesObject) -> String? {
    guard let port = metricsPort(of: pod), let address = Pod(pod).address else { return nil }
    return address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)"
  }

  private func read(_ pod: KubernetesObject, _ port: Int) async -> Result<StoreMemory, Unreadable> {
    do {
      let late = Unreadable(cause: "no answer within \(Self.timeout)")
      return .success(try await withTimeout(Self.timeout.duration, throwing: late) { try await self.ask(pod, port) })
    } catch {
      log.debug("the store of \(pod.name) cannot be asked: \(error)")
      return .failure(Self.unreadable(error))
    }
  }

  private static func unreadable(_ error: any Error) -> Unreadable {
    switch error {
    case let error as Unreadable: return error
    case let error as KubernetesError where error.isForbidden:
      return Unreadable(cause: "no permission to forward ports")
    case let error as any ClientError:
      let shown = error.asProgramError
      // The message names the pod, which would make a line for each of them.
      return Unreadable(cause: shown.cause ?? shown.message)
    default: return Unreadable(cause: "\(error)")
    }
  }

  private func ask(_ pod: KubernetesObject, _ port: Int) async throws -> StoreMemory {
    if isInside {
      guard let address = Self.metricsAddress(of: pod) else { throw Unreadable(cause: "it has no address") }
      return try await page(at: address)
    }
    return try await client.withPortForward(pod: pod.name, namespace: pod.namespace ?? "", port: port) { localPort in
      try await page(at: "127.0.0.1:\(localPort)")
    }
  }

  private func page(at address: String) async throws -> StoreMemory {
    let page = try await client.httpGet("http://\(address)/metrics")
    guard let memory = Self.memory(String(decoding: page.body, as: UTF8.self)) else {
      throw Unreadable(cause: "its metrics do not say (HTTP status \(page.status))")
    }
    return memory
  }

  /// Source: docs/metrics.md; the Prometheus text format has one `name value` per line.
  static func memory(_ page: String) -> StoreMemory? {
    var values: [Substring: UInt64] = [:]
    for line in page.split(separator: "\n") where !line.hasPrefix("#") {
      let parts = line.split(separator: " ")
      if parts.count == 2, let value = Double(parts[1]) { values[parts[0]] = UInt64(exactly: value.rounded()) }
    }
    guard let used = values["vineyard_memory_used_bytes"], let limit = values["vineyard_memory_limit_bytes"]
    else { return nil }
    return StoreMemory(used: used, limit: limit)
  }
}
