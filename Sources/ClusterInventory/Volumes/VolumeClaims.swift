import KubernetesClient
import KubernetesObjects

/// The claim of a volume, and the pods that use it.
public struct VolumeClaim: Sendable, Equatable {
  /// As `namespace/name`; empty for a volume without one.
  public let claim: String
  /// Name of the PersistentVolume; empty for an inline volume.
  public let volume: String
  /// Pods that have it, as `namespace/name`; those that have ended do not count.
  public let pods: [String]
}

/// The claims of volumes of our driver, by cluster and volume: `namespace/cluster/volume`.
public struct VolumeClaims: Sendable {
  private let byHandle: [String: VolumeClaim]
  /// Kinds that may not be listed.
  public let unseen: [String]

  /// Asks the API server; what may not be listed is left out and named.
  ///
  /// - Throws: as every call of `KubernetesClient`.
  public init(client: KubernetesClient) async throws {
    async let volumeList = Self.list(.persistentVolume, client)
    async let podList = Self.list(.pod, client)
    let (volumes, pods) = try await (volumeList, podList)
    byHandle = Self.claims(volumes ?? [], pods ?? [])
    unseen = (volumes == nil ? ["PersistentVolume"] : []) + (pods == nil ? ["Pod"] : [])
  }

  /// The claims that some objects show.
  public init(volumes: [KubernetesObject], pods: [KubernetesObject]) {
    byHandle = Self.claims(volumes, pods)
    unseen = []
  }

  /// The claim of a volume; nil when none is known.
  public func claim(cluster: String, volume: String) -> VolumeClaim? { byHandle["\(cluster)/\(volume)"] }

  /// The volume of a claim, as `namespace/cluster/volume`; nil when the claim has none of ours.
  ///
  /// - Parameter claim: as `namespace/name`.
  public func handle(ofClaim claim: String) -> String? { byHandle.first { $0.value.claim == claim }?.key }

  private static func claims(_ volumes: [KubernetesObject], _ pods: [KubernetesObject]) -> [String: VolumeClaim] {
    var users: [String: [String]] = [:]
    for pod in pods where !Pod(pod).hasEnded {
      let namespace = pod.namespace ?? ""
      for claim in Pod(pod).claims { users["\(namespace)/\(claim)", default: []].append("\(namespace)/\(pod.name)") }
    }
    let ours = volumes.filter { $0.tree["spec", "csi", "driver"]?.string == DriverVolume.driver }
    return ours.reduce(into: [:]) { found, volume in
      guard let handle = volume.tree["spec", "csi", "volumeHandle"]?.string,
        let cluster = DriverVolume.cluster(
          attributes: volume.tree["spec", "csi", "volumeAttributes"], handle: handle)
      else { return }
      let reference = volume.tree["spec", "claimRef"]
      let claim = reference.map { "\($0["namespace"]?.string ?? "")/\($0["name"]?.string ?? "")" } ?? ""
      // Handles of the original do not begin with the cluster.
      found["\(cluster)/\(handle.split(separator: "/").last ?? "")"] = VolumeClaim(
        claim: claim, volume: volume.name, pods: (users[claim] ?? []).sorted())
    }
  }

  private static func list(_ type: ObjectType, _ client: KubernetesClient) async throws -> [KubernetesObject]? {
    do {
      return try await client.list(type).items
    } catch let error as KubernetesError where error.isForbidden {
      return nil
    }
  }
}
