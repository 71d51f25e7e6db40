import Coordination
import KubernetesClient
import KubernetesObjects
import Logging
import Support

/// Asks stores how many bytes of each volume are in them, at their addresses: it works in a pod of the cluster.
public struct VolumeBytesReader: Sendable {
  /// Bytes by the handle of a volume (`namespace/cluster/volume`) and the name of the node.
  public typealias Bytes = [String: [String: UInt64]]

  /// One store that does not answer must not hold up the others.
  private static let timeout: Duration = .seconds(3)

  private let client: KubernetesClient
  private let log: Logger

  public init(client: KubernetesClient, log: Logger) {
    self.client = client
    self.log = log
  }

  /// The bytes in the stores of some pods; a store that does not answer counts as empty.
  public func read(_ pods: [KubernetesObject]) async -> Bytes {
    await withTaskGroup(of: (KubernetesObject, [String: UInt64]).self) { group in
      for pod in pods {
        guard let address = StoreMemoryReader.metricsAddress(of: pod) else { continue }
        group.addTask { (pod, await self.volumes(at: address)) }
      }
      return await group.reduce(into: [:]) { bytes, store in Self.add(store.1, of: store.0, to: &bytes) }
    }
  }

  private static func add(_ volumes: [String: UInt64], of pod: KubernetesObject, to bytes: inout Bytes) {
    guard let namespace = pod.namespace, let cluster = pod.labels["app.vineyard.io/name"], let node = Pod(pod).node
    else {
      return
    }
    for (volume, count) in volumes where count > 0 {
      bytes["\(namespace)/\(cluster)/\(volume)", default: [:]][node] = count
    }
  }

  private func volumes(at address: String) async -> [String: UInt64] {
    do {
      let page = try await withTimeout(Self.timeout) { try await client.httpGet("http://\(address)/metrics") }
      return Self.volumes(String(decoding: page.body, as: UTF8.self))
    } catch {
      log.debug("the store at \(address) cannot be asked for its volumes: \(error)")
      return [:]
    }
  }

  /// Source: docs/metrics.md; ids of volumes have no character that the format would escape.
  static func volumes(_ page: String) -> [String: UInt64] {
    let prefix = #"vineyard_volume_local_bytes{volume=""#
    var volumes: [String: UInt64] = [:]
    for line in page.split(separator: "\n") where line.hasPrefix(prefix) {
      let rest = line.dropFirst(prefix.count)
      guard let end = rest.firstIndex(of: "\""), let blank = rest.lastIndex(of: " "), blank > end else { continue }
      volumes[String(rest[..<end])] = UInt64(rest[rest.index(after: blank)...])
    }
    return volumes
  }
}
