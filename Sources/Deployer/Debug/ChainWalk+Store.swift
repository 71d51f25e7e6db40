import ClusterInventory
import Inspection
import KubernetesClient
import KubernetesObjects
import StoreProtocol
import Support

/// Drivers and stores.
extension ChainWalk {
  /// Looks at the node plugin and the store of a node.
  ///
  /// - Parameters:
  ///   - cluster: as `namespace/name`.
  ///   - volume: the volume in the store; nil for none in particular.
  mutating func walkNode(_ node: String, cluster: String, volume: String?) async throws {
    try await walkPlugin(on: node)
    try await walkStores(of: cluster, on: node, volume: volume)
  }

  private mutating func walkPlugin(on node: String) async throws {
    let group = "Node plugin on \(node)"
    let namespace = system
    let pods = try await seen(group) { client in
      try await client.list(.pod, namespace: namespace, labels: "app.vineyard.io/role=csi-nodes").items
    }
    guard let pods else { return }
    guard let pod = pods.first(where: { Pod($0).node == node || VolumeTopology.nodeValue(Pod($0).node ?? "") == node })
    else {
      return add(
        group, .failed, pods.isEmpty ? "no node plugin is deployed in \(system)" : "none runs on this node",
        hint: pods.isEmpty
          ? "'vineyardctl deploy csidriver' deploys the driver; -n names its namespace"
          : "taints of the node keep it away: 'vineyardctl deploy csidriver --enableToleration'")
    }
    add(pod, group)
  }

  /// Looks at the controller of the driver, which makes volumes.
  mutating func walkController() async throws {
    let group = "CSI controller"
    let namespace = system
    let pods = try await seen(group) { client in
      try await client.list(.pod, namespace: namespace, labels: "app.vineyard.io/role=csi-driver").items
    }
    guard let pods else { return }
    guard !pods.isEmpty else {
      return add(
        group, .failed, "none is deployed in \(system)",
        hint: "'vineyardctl deploy csidriver' deploys it; -n names its namespace")
    }
    for pod in pods { add(pod, group) }
  }

  private mutating func add(_ pod: KubernetesObject, _ group: String) {
    if let trouble = PodTrouble.of(pod) {
      add(group, .failed, trouble, hint: PodTrouble.advice(pod) ?? "'vineyardctl logs --pod \(pod.name)' shows its log")
    } else if !Pod(pod).isReady {
      add(group, .failed, "\(pod.name) is not ready", hint: "'vineyardctl logs --pod \(pod.name)' shows its log")
    } else {
      let restarts = Pod(pod).statuses.reduce(0) { $0 + $1.restarts }
      add(group, .passed, "\(pod.name) is ready\(restarts > 0 ? ", after \(restarts) restarts" : "")")
    }
  }

  /// Looks at the stores of a cluster, or at the one of a node.
  mutating func walkStores(of cluster: String, on node: String? = nil, volume: String? = nil) async throws {
    let parts = cluster.split(separator: "/").map(String.init)
    guard parts.count == 2 else { return }
    let group = node.map { "Store of \(cluster) on \($0)" } ?? "Stores of \(cluster)"
    let pods = try await seen(group) { client in
      try await client.list(
        .pod, namespace: parts[0], labels: "app.vineyard.io/name=\(parts[1]),app.vineyard.io/role=vineyardd"
      ).items
    }
    guard let pods else { return }
    let there = pods.filter { pod in
      node.map { Pod(pod).node == $0 || VolumeTopology.nodeValue(Pod(pod).node ?? "") == $0 } ?? true
    }
    guard !there.isEmpty else {
      let nodes = pods.compactMap { Pod($0).node }.shortList
      return add(
        group, .failed,
        pods.isEmpty ? "the cluster has no store" : "no store runs on this node; there are some on \(nodes)",
        hint: pods.isEmpty
          ? "'vineyardctl deploy vineyard-cluster' deploys a cluster"
          : "more --replicas, or a pod that may run on \(nodes)")
    }
    for pod in there { try await addStore(pod, group, volume) }
  }

  private mutating func addStore(_ pod: KubernetesObject, _ group: String, _ volume: String?) async throws {
    guard looked.insert("\(pod.name)/\(volume ?? "")").inserted else { return }
    add(pod, group)
    if let ending = Pod(pod).statuses.lazy.compactMap(\.lastEnding).first {
      let isMemory = ending.reason == "OOMKilled"
      add(
        group, .warning,
        "it was started again after \(ending.reason ?? "an error") (exit code \(ending.exitCode ?? -1)); what it had is lost",
        hint: isMemory
          ? "give it more --vineyardd.memory, or less --vineyardd.size"
          : "'vineyardctl logs --pod \(pod.name) --previous' shows why")
    }
    guard let store = StorePod(pod), store.isReady else { return }
    let survey: StoreSurvey
    do {
      survey = try await look(store)
    } catch let error as CancellationError {
      throw error
    } catch {
      let told =
        (error as? any ClientError)?.asProgramError ?? error as? ProgramError ?? ProgramError(.failed, "\(error)")
      return add(
        group, .failed, "it does not answer: \(told.description.printable(300))",
        hint: "'vineyardctl logs --pod \(pod.name)' shows what it says")
    }
    addMemory(survey, group)
    if let volume { addVolume(volume, survey, group) } else { addVolumes(survey, group) }
  }

  private mutating func addMemory(_ survey: StoreSurvey, _ group: String) {
    for note in survey.notes { add(group, .warning, note, hint: "ask an administrator to run the same command") }
    guard let capacity = survey.capacity else { return add(group, .passed, "it answers") }
    let text = "it answers; \(ByteSize(bytes: capacity.used)) of \(ByteSize(bytes: capacity.limit)) are in use"
    let isFull = capacity.limit > 0 && Double(capacity.used) > 0.95 * Double(capacity.limit)
    add(
      group, isFull ? .warning : .passed, text,
      hint: isFull ? "'vineyardctl top' shows what is large; 'vineyardctl rm NAME' deletes objects" : nil)
  }

  private mutating func addVolumes(_ survey: StoreSurvey, _ group: String) {
    let abnormal = survey.volumes.filter(\.condition.isAbnormal)
    for volume in abnormal.prefix(5) {
      add(
        group, .warning, "volume \(volume.id): \(volume.condition.message.printable(200))",
        hint: "'vineyardctl ls volumes' shows all")
    }
  }

  /// The socket and the quota of a volume.
  private mutating func addVolume(_ id: String, _ survey: StoreSurvey, _ group: String) {
    // Without the token nothing is known of volumes.
    guard survey.notes.isEmpty, survey.capacity != nil else { return }
    guard let volume = survey.volumes.first(where: { $0.id == id && $0.kind == .volume }) else {
      return add(
        "Socket", .failed, "the store has no volume \(id.printable(130))",
        hint: "it is opened when a pod starts with it: delete the pod, so that it is started again")
    }
    add(
      "Socket", .passed,
      "the volume \(id) is open, with \(volume.connections) clients, \(volume.objects) objects and \(volume.names) names"
    )
    if let lost = volume.lostContentsAt {
      let time = Timestamp(milliseconds: Int64(clamping: lost))
      add(
        "Socket", .warning, "its contents were lost when the store was started again at \(time)",
        hint: "run the steps that wrote them again")
    }
    if volume.isFrozen {
      add(
        "Quota", .failed, "the volume is read-only for everybody: it is frozen",
        hint: "it is while it is copied, or because somebody froze it")
    }
    guard let limit = volume.limit else {
      return add("Quota", .passed, "\(ByteSize(bytes: volume.used)) are in use, without a limit of its own")
    }
    let text = "\(ByteSize(bytes: volume.used)) of \(ByteSize(bytes: limit)) are in use"
    let isNearlyFull = Double(volume.used) >= 0.95 * Double(limit)
    let isAbnormal = volume.condition.isAbnormal && volume.lostContentsAt == nil
    add(
      "Quota", isAbnormal ? .failed : isNearlyFull ? .warning : .passed,
      isAbnormal ? "\(text): \(volume.condition.message.printable(200))" : text,
      hint: isAbnormal || isNearlyFull
        ? "expand the claim, or delete objects: 'vineyardctl ls objects --volume \(id) -k bytes'" : nil)
  }

  /// Follows the chain of a store, by its pod or its node.
  ///
  /// - Throws: `ProgramError` with code `notFound` when there is none, and as every call of `KubernetesClient`.
  public mutating func walk(store name: String, namespace: String) async throws {
    let pods = try await client.list(.pod, namespace: namespace, labels: "app.vineyard.io/role=vineyardd").items
    guard let pod = pods.first(where: { $0.name == name }) ?? pods.first(where: { Pod($0).node == name }) else {
      throw ProgramError(
        .notFound, "there is no store '\(name.printable(120))' in the namespace '\(namespace)'",
        cause: pods.isEmpty ? nil : "there are \(pods.map(\.name).shortList)",
        hint: "give the name of a pod or of a node")
    }
    let group = "Store \(pod.name)"
    if let node = Pod(pod).node {
      let found = try await seen("Node \(node)") { client in
        [try await client.get(ObjectReference(type: .node, namespace: nil, name: node))]
      }
      if let object = found?[0] {
        let outage = NodeFacts(object).outage
        add(
          "Node \(node)", outage == nil ? .passed : .failed, outage ?? "it is ready",
          hint: outage == nil ? nil : "repair the node")
        addLabel(of: object, pod)
      }
    }
    try await addStore(pod, group, nil)
    if let node = Pod(pod).node { try await walkPlugin(on: node) }
  }

  /// Whether pods with volumes are led to the node.
  private mutating func addLabel(of node: KubernetesObject, _ pod: KubernetesObject) {
    guard let store = StorePod(pod), store.isReady else { return }
    let key = VolumeTopology.storeKey(namespace: store.namespace, name: store.cluster)
    let isThere = node.labels[key] == VolumeTopology.storeValue
    add(
      "Node \(node.name)", isThere ? .passed : .warning,
      isThere
        ? "it has the label of a node with a store"
        : "it lacks the label \(key), without which no volume of all nodes is used there",
      hint: isThere ? nil : "the operator sets it: see 'vineyardctl status'")
  }
}
