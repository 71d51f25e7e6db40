import ClusterInventory
import Inspection
import KubernetesClient
import KubernetesObjects
import Support

/// Follows the chain from a pod over its claim, its volume, the node plugin and the store to the quota, and says of each
/// link whether it holds.
public struct ChainWalk: Sendable {
  /// Asks a store for its volumes.
  public typealias Look = @Sendable (StorePod) async throws -> StoreSurvey

  let client: KubernetesClient
  /// Namespace of the operator and the driver.
  let system: String
  let look: Look
  /// The links so far.
  public internal(set) var findings: [Finding] = []
  /// Stores that were looked at already, by pod.
  var looked: Set<String> = []

  public init(client: KubernetesClient, system: String, look: @escaping Look) {
    self.client = client
    self.system = system
    self.look = look
  }

  /// The first link that is broken; nil when the chain holds.
  public var broken: Finding? { findings.first { $0.outcome == .failed } }

  mutating func add(_ group: String, _ outcome: Finding.Outcome, _ text: String, hint: String? = nil) {
    findings.append(Finding(group, outcome, text, hint: hint))
  }

  /// Reads something that not everybody may see; what may not be seen becomes a warning.
  mutating func seen<Found>(_ group: String, _ read: (KubernetesClient) async throws -> Found) async throws -> Found? {
    do {
      return try await read(client)
    } catch let error as KubernetesError where error.isForbidden {
      add(
        group, .warning, "\(error.operation.object): no permission to \(error.operation.verb) them",
        hint: Self.permissionHint)
      return nil
    }
  }

  private static let permissionHint = "ask an administrator to run the same command"

  /// The last warning about an object, in the words of whoever gave it.
  func lastWarning(_ object: ObjectReference) async -> String? {
    let fields = "involvedObject.kind=\(object.type.kind),involvedObject.name=\(object.name)"
    let events = (try? await client.list(.event, namespace: object.namespace, fields: fields).items) ?? []
    let warning = events.map { Event($0) }.filter(\.isWarning).max { $0.time < $1.time }
    return warning.map { "\($0.reason): \(($0.message ?? "").printable(300))" }
  }
}

/// Pods.
extension ChainWalk {
  /// Follows the chain of a pod.
  ///
  /// - Throws: `ProgramError` with code `notFound` when there is no such pod, and as every call of `KubernetesClient`.
  public mutating func walk(pod name: String, namespace: String) async throws {
    let reference = ObjectReference(type: .pod, namespace: namespace, name: name)
    guard let pod = try await client.get(reference) else {
      throw ProgramError(
        .notFound, "there is no pod '\(name)' in the namespace '\(namespace)'",
        hint: "write NAMESPACE/NAME, or -n for another namespace")
    }
    let group = "Pod \(namespace)/\(name)"
    let view = Pod(pod)
    if let component = Component(pod), component == .store {
      add(group, .passed, "it runs a store")
      return try await walk(store: name, namespace: namespace)
    }
    try await addState(of: pod, group)
    let inline = view.inlineVolumes(of: DriverVolume.driver)
    let claims = view.claims + view.ephemeralVolumes.map { "\(name)-\($0)" }
    var ours: [String] = []
    for claim in claims where try await isOurs(claim, namespace) { ours.append(claim) }
    guard !ours.isEmpty || !inline.isEmpty else {
      return add(
        group, .failed,
        claims.isEmpty ? "it has no volume of Vineyard" : "none of its claims is of Vineyard: \(claims.shortList)",
        hint: "mount a claim of a class such as \(system).vineyardd-sample.csi (docs/csi.md)")
    }
    addMounts(of: pod, claims: ours, group)
    for claim in ours { try await walk(claim: claim, namespace: namespace, usedOn: view.node) }
    for attributes in inline {
      let cluster = DriverVolume.cluster(attributes: attributes["volumeAttributes"])
      add(
        group, cluster == nil ? .failed : .passed, "it has an inline volume of \(cluster ?? "no cluster")",
        hint: cluster == nil ? "name the cluster in volumeAttributes (docs/csi.md)" : nil)
      if let cluster, let node = view.node { try await walkNode(node, cluster: cluster, volume: nil) }
    }
  }

  private mutating func addState(of pod: KubernetesObject, _ group: String) async throws {
    let view = Pod(pod)
    if pod.isBeingDeleted {
      add(group, .warning, "it is being deleted", hint: "its volume stays in use until it is gone")
    } else if let trouble = PodTrouble.of(pod) {
      add(group, .failed, trouble, hint: PodTrouble.advice(pod) ?? Self.advice(about: trouble))
    } else if view.node == nil {
      add(
        group, .warning, "it is on no node yet",
        hint: "'kubectl describe pod -n \(pod.namespace ?? "") \(pod.name)' says what it waits for")
    } else if view.hasEnded {
      add(group, .passed, "it has ended (\(view.phase ?? ""))")
    } else if view.statuses.allSatisfy(\.isRunning), !view.statuses.isEmpty {
      add(group, .passed, "it runs on node \(view.node ?? "")")
    } else {
      let warning = await lastWarning(pod.reference)
      add(
        group, warning == nil ? .warning : .failed,
        "it is on node \(view.node ?? "") and has not started\(warning.map { ": \($0)" } ?? "")",
        hint: warning.flatMap { Self.advice(about: $0) } ?? "the links below say what it waits for")
    }
  }

  /// Advice about what schedulers, provisioners and kubelets say about volumes.
  ///
  /// Source: docs/csi.md, "When something is wrong".
  static func advice(about text: String) -> String? {
    let known: [(String, String)] = [
      ("did not have enough free storage", "no node has so much room: smaller claims, or a larger --vineyardd.size"),
      (
        "volume node affinity conflict",
        "the data is on a node where this pod may not run: see docs/csi.md, Where pods land"
      ),
      ("NodeAffinity check failed", "the store of the node is being replaced; the kubelet tries again"),
      ("no store of", "the store has gone from the node: delete the pod, so that it is placed again"),
      (
        "hostPath type check failed",
        "'vineyardctl deploy csidriver --kubelet-directory PATH' says where the kubelets work"
      ),
      ("subPath", "volumes have no directories: leave subPath out of volumeMounts"),
      ("unknown parameter", "a parameter of the StorageClass is misspelt: see docs/csi.md"),
      ("mount option", "leave mountOptions out of the StorageClass"),
      (
        "not found in the list of registered CSI drivers",
        "the node plugin does not run on the node: see its link below"
      ),
    ]
    return known.first { text.contains($0.0) }?.1
  }

  private mutating func addMounts(of pod: KubernetesObject, claims: [String], _ group: String) {
    let volumes = pod.tree["spec", "volumes"]?.array ?? []
    let containers = (pod.tree["spec", "containers"]?.array ?? []) + (pod.tree["spec", "initContainers"]?.array ?? [])
    for claim in claims {
      let names = volumes.filter { $0["persistentVolumeClaim", "claimName"]?.string == claim }.compactMap {
        $0["name"]?.string
      }
      let mounts = containers.flatMap { container in
        (container["volumeMounts"]?.array ?? []).filter { names.contains($0["name"]?.string ?? "") }.map {
          "\(container["name"]?.string ?? "?") at \($0["mountPath"]?.string ?? "?")"
        }
      }
      guard !names.isEmpty else { continue }
      if mounts.isEmpty {
        add(group, .failed, "no container mounts the claim \(claim)", hint: "add it to volumeMounts of the container")
      } else {
        add(group, .passed, "the claim \(claim) is mounted by \(mounts.shortList)")
      }
    }
  }

  /// Whether a claim is, or would be, of our driver. One that may not be seen, or is not there, counts.
  private func isOurs(_ claim: String, _ namespace: String) async throws -> Bool {
    let reference = ObjectReference(type: .persistentVolumeClaim, namespace: namespace, name: claim)
    guard let object = try? await client.get(reference) else { return true }
    if let name = object.volumeName,
      let volume = try? await client.get(ObjectReference(type: .persistentVolume, namespace: nil, name: name))
    {
      return volume.tree["spec", "csi", "driver"]?.string == DriverVolume.driver
    }
    guard let name = object.storageClassName else { return false }
    if let storageClass = try? await client.get(ObjectReference(type: .storageClass, namespace: nil, name: name)) {
      return storageClass.provisioner == DriverVolume.driver
    }
    return name.hasSuffix(".csi")
  }
}
