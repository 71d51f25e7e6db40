import KubernetesClient
import KubernetesObjects
import Support

/// Finds everything that needs our CSI driver or the stores of some clusters.
public struct VolumeUses: Sendable {
  /// The volumes that are looked for.
  public enum Scope: Sendable {
    /// Every volume of the driver; the classes are for claims whose volumes cannot be seen.
    case driver(classes: Set<String>)
    /// Volumes of some clusters, as `namespace/name`, and of some classes.
    case clusters(Set<String>, classes: Set<String>)
  }

  private let client: KubernetesClient
  private let scope: Scope

  public init(client: KubernetesClient, scope: Scope) {
    self.client = client
    self.scope = scope
  }

  /// Uses that were found, and kinds that could not be listed.
  public struct Findings: Sendable {
    public var uses: [VolumeUse] = []
    /// Kinds that this user may not list: `Pod`, `PersistentVolume`.
    public var unseen: [String] = []
  }

  /// Asks the API server.
  ///
  /// Volumes and pods that may not be listed are left out and named; claims must be seen.
  ///
  /// - Throws: as every call of `KubernetesClient`, for instance without the right to see claims.
  public func find() async throws -> Findings {
    async let claims = client.list(.persistentVolumeClaim).items
    async let volumes = listIfAllowed(.persistentVolume)
    async let pods = listIfAllowed(.pod)
    var findings = Findings()
    let (allClaims, allVolumes, allPods) = try await (claims, volumes, pods)
    if allVolumes == nil { findings.unseen.append("PersistentVolume") }
    if allPods == nil { findings.unseen.append("Pod") }
    findings.uses = uses(allClaims, allVolumes ?? [], allPods ?? [])
    return findings
  }

  func uses(_ claims: [KubernetesObject], _ volumes: [KubernetesObject], _ pods: [KubernetesObject])
    -> [VolumeUse]
  {
    let ours = volumes.filter { $0.tree["spec", "csi", "driver"]?.string == DriverVolume.driver }
    let byName = Dictionary(ours.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    let mounted = Self.pods(byClaim: pods)
    let bound = claims.compactMap { claim -> VolumeUse? in
      guard let name = claim.volumeName else { return nil }
      let identity = "\(claim.namespace ?? "")/\(claim.name)"
      guard isConcerned(byName[name], claim.storageClassName) else { return nil }
      var use = VolumeUse(kind: .claim, name: identity, cluster: byName[name].flatMap { cluster(of: $0) })
      use.nodes = byName[name].map { DriverVolume.nodes(of: $0) } ?? []
      if claim.isBeingDeleted {
        let holders = mounted[identity] ?? []
        use.obstacle = "being deleted\(holders.isEmpty ? "" : ", held by pods \(holders.shortList)")"
      }
      return use
    }
    return bound + ours.compactMap { released($0) } + pods.compactMap { inline($0) }
  }

  /// A volume without a claim, whose bytes only the driver can delete.
  private func released(_ volume: KubernetesObject) -> VolumeUse? {
    let phase = volume.tree["status", "phase"]?.string
    let isDeleted = volume.tree["spec", "persistentVolumeReclaimPolicy"]?.string == "Delete"
    guard volume.isBeingDeleted || (isDeleted && (phase == "Released" || phase == "Failed")) else { return nil }
    // The claim says it, as long as there is one.
    guard phase != "Bound", isConcerned(volume, nil) else { return nil }
    var use = VolumeUse(kind: .releasedVolume, name: volume.name, cluster: cluster(of: volume))
    use.nodes = DriverVolume.nodes(of: volume)
    return use
  }

  /// A pod on a node with an inline volume: the kubelet needs the driver to take it away. A pod that has ended has been
  /// taken down already.
  private func inline(_ pod: KubernetesObject) -> VolumeUse? {
    guard let node = Pod(pod).node, !Pod(pod).hasEnded else { return nil }
    let clusters = Pod(pod).inlineVolumes(of: DriverVolume.driver).map {
      DriverVolume.cluster(attributes: $0["volumeAttributes"])
    }
    guard let cluster = clusters.first(where: { isConcerned($0) }) else { return nil }
    var use = VolumeUse(kind: .pod, name: "\(pod.namespace ?? "")/\(pod.name)", cluster: cluster)
    use.nodes = [node]
    if pod.isBeingDeleted { use.obstacle = "being deleted" }
    return use
  }

  private func cluster(of volume: KubernetesObject) -> String? {
    DriverVolume.cluster(
      attributes: volume.tree["spec", "csi", "volumeAttributes"],
      handle: volume.tree["spec", "csi", "volumeHandle"]?.string)
  }

  private func isConcerned(_ cluster: String?) -> Bool {
    switch scope {
    case .driver: true
    case .clusters(let clusters, _): cluster.map { clusters.contains($0) } ?? false
    }
  }

  /// Volumes without a cluster, as of the original, are found by their class; so are claims whose volume is not seen.
  private func isConcerned(_ volume: KubernetesObject?, _ claimed: String?) -> Bool {
    let classes: Set<String>
    switch scope {
    case .driver where volume != nil: return true
    case .driver(let all): classes = all
    case .clusters(_, let some): classes = some
    }
    if let volume, let cluster = cluster(of: volume), isConcerned(cluster) { return true }
    return [volume?.storageClassName, claimed].contains {
      $0.map { classes.contains($0) } ?? false
    }
  }

  /// The pods that hold each claim; those that have ended hold it, too.
  private static func pods(byClaim pods: [KubernetesObject]) -> [String: [String]] {
    var found: [String: [String]] = [:]
    for pod in pods {
      let namespace = pod.namespace ?? ""
      for claim in Pod(pod).claims { found["\(namespace)/\(claim)", default: []].append("\(namespace)/\(pod.name)") }
    }
    return found
  }

  private func listIfAllowed(_ type: ObjectType) async throws -> [KubernetesObject]? {
    do {
      return try await client.list(type).items
    } catch let error as KubernetesError where error.isForbidden {
      return nil
    }
  }
}
