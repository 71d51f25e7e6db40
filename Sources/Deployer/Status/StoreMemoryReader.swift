import Documents
import KubernetesClient
import Support

/// Asks the stores of a cluster how much memory they use, through the API server or, from inside, at their addresses.
struct StoreMemoryReader: Sendable {
  let client: KubernetesClient
  let log: Log
  var isInside = false

  /// Stores are asked side by side, and one that does not answer must not hold up the others.
  private static let patience = Duration.seconds(3)

  /// Bytes used and allowed, by pod; stores that cannot be reached are left out.
  func read(_ pods: [KubernetesObject]) async -> [String: PodStatus.StoreMemory] {
    await withTaskGroup(of: (String, PodStatus.StoreMemory?).self) { group in
      for pod in pods {
        guard let port = Self.metricsPort(of: pod) else { continue }
        group.addTask { (pod.name, await self.read(pod, port)) }
      }
      return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
    }
  }

  /// The container port named `metrics` of a running store.
  private static func metricsPort(of pod: KubernetesObject) -> Int? {
    guard pod.labels["app.vineyard.io/role"] == "vineyardd", pod.tree["status", "phase"]?.string == "Running"
    else { return nil }
    let containers = pod.tree["spec", "containers"]?.array ?? []
    let ports = containers.flatMap { $0["ports"]?.array ?? [] }
    return ports.first { $0["name"]?.string == "metrics" }?["containerPort"]?.int
  }

  private func read(_ pod: KubernetesObject, _ port: Int) async -> PodStatus.StoreMemory? {
    do {
      return try await withThrowingTaskGroup(of: PodStatus.StoreMemory?.self) { group in
        group.addTask { try await self.ask(pod, port) }
        group.addTask {
          try await Task.sleep(for: Self.patience)
          return nil
        }
        defer { group.cancelAll() }
        return try await group.next() ?? nil
      }
    } catch {
      log.debug("the store of \(pod.name) cannot be asked: \(error)")
      return nil
    }
  }

  private func ask(_ pod: KubernetesObject, _ port: Int) async throws -> PodStatus.StoreMemory? {
    if isInside {
      guard let address = pod.tree["status", "podIP"]?.string else { return nil }
      return try await page(at: address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)")
    }
    return try await client.withPortForward(pod: pod.name, namespace: pod.namespace ?? "", port: port) { localPort in
      try await page(at: "127.0.0.1:\(localPort)")
    }
  }

  private func page(at address: String) async throws -> PodStatus.StoreMemory? {
    let page = try await client.httpGet("http://\(address)/metrics")
    return Self.memory(String(decoding: page.body, as: UTF8.self))
  }

  /// Source: docs/metrics.md; the Prometheus text format has one `name value` per line.
  static func memory(_ page: String) -> PodStatus.StoreMemory? {
    var values: [Substring: UInt64] = [:]
    for line in page.split(separator: "\n") where !line.hasPrefix("#") {
      let parts = line.split(separator: " ")
      if parts.count == 2, let value = Double(parts[1]) { values[parts[0]] = UInt64(exactly: value.rounded()) }
    }
    guard let used = values["vineyard_memory_used_bytes"], let limit = values["vineyard_memory_limit_bytes"]
    else { return nil }
    return PodStatus.StoreMemory(used: used, limit: limit)
  }
}
