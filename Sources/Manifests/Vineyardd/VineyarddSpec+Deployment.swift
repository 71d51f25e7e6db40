import KubernetesObjects
import Support

/// Abilities of this version's store, which the rendering follows.
enum StoreFeatures {
  /// Whether the stores mirror persisted objects as custom resources, which takes a token of their account.
  static let mirrorsObjects = false
}

extension VineyarddSpec {
  /// Port of the RPC listener in the pod.
  static let rpcPort = 9600
  /// Port of `/metrics` in the pod.
  static let metricsPort = 9601

  /// Directory at which the Secret with the admin token is mounted.
  static let adminTokenDirectory = "/etc/vineyard/admin-token"

  /// Turns the sample Deployment into this cluster's.
  func fillDeployment(_ deployment: inout KubernetesObject, uid: String?) throws {
    deployment.setLabel("app.kubernetes.io/instance", instanceLabel)
    deployment.tree["spec", "replicas"] = Value(replicas)
    deployment.setSelector([
      "app.vineyard.io/name": name, "app.kubernetes.io/name": name, "app.kubernetes.io/instance": instanceLabel,
    ])
    fillPod(&deployment.podSpec)
    if volume.pvcName.isEmpty {
      let directory = try socketDirectory()
      try deployment.editVolume(Self.socketVolumeName) { $0["hostPath", "path"] = .string(directory) }
    } else {
      try deployment.editVolume(Self.socketVolumeName) { volume in
        volume["hostPath"] = nil
        volume["persistentVolumeClaim", "claimName"] = .string(self.volume.pvcName)
      }
    }
    if usesEtcd {
      try deployment.editVolume(Self.etcdVolumeName) { volume in
        volume["secret", "secretName"] = .string(EtcdSecret.client.name(ofCluster: name))
      }
    } else {
      deployment.podSpec.removeElements(of: "volumes", named: Self.etcdVolumeName)
    }
    if peerTLS == .off {
      deployment.podSpec.removeElements(of: "volumes", named: Self.peerVolumeName)
    } else {
      try deployment.editVolume(Self.peerVolumeName) { volume in
        volume["secret", "secretName"] = .string(EtcdSecret.peer.name(ofCluster: name))
      }
    }
    let size = try store.sizeInBytes()
    try deployment.editVolume(Self.sharedMemoryVolumeName) { volume in
      volume["emptyDir", "sizeLimit"] = size.map { .string(mebibytes($0)) }
    }
    try deployment.editVolume(Self.adminTokenVolumeName) { volume in
      volume["secret", "secretName"] = .string(AdminToken.secretName(ofCluster: name))
    }
    let assumed = store.assumedMemory ?? VineyarddSpec.Store.memoryOnUnknownNodes
    let isAssumed = try store.statedMemory() == nil
    deployment.tree["metadata", "annotations"] = isAssumed ? [Manifests.assumedMemoryAnnotation: .string(assumed)] : nil
    let resources = try StoreResources.resources(store, assumed: assumed)
    try deployment.editContainer("vineyardd") { container in
      fillContainer(&container, uid: uid)
      container["resources"] = resources
    }
  }

  private func fillPod(_ pod: inout Value) {
    pod["serviceAccountName"] = .string(name)
    pod["automountServiceAccountToken"] = .boolean(store.syncCRDs && StoreFeatures.mirrorsObjects)
    pod["affinity", "podAntiAffinity", "requiredDuringSchedulingIgnoredDuringExecution"]?.mapElements { term in
      term["labelSelector", "matchExpressions"]?.mapElements { $0["values"] = [.string(instanceLabel)] }
    }
    pod["topologySpreadConstraints"]?.mapElements { constraint in
      constraint["labelSelector", "matchLabels", "app.kubernetes.io/instance"] = .string(instanceLabel)
    }
    placement.apply(to: &pod, usesNode: true)
    pod["priorityClassName"] = priorityClassName.map { .string($0) }
    if let volume = spillVolume { pod["volumes"]?.append(volume) }
    for volume in volumes { pod["volumes"]?.append(volume) }
  }

  private func fillContainer(_ container: inout Value, uid: String?) {
    container.setImage(storeImage)
    container["args"] = Value(arguments)
    if let uid { container.setEnvironment(["name": "VINEYARDD_UID", "value": .string(uid)]) }
    container.setEnvironment(["name": "VINEYARDD_NAME", "value": .string(name)])
    container.setEnvironment(["name": "VINEYARDD_NAMESPACE", "value": .string(namespace)])
    for variable in store.env { container.setEnvironment(variable.tree) }
    for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
      container[probe, "exec", "command"]?.mapElements { argument in
        if argument.string?.hasPrefix("--socket=") == true { argument = .string("--socket=\(socketPath)") }
      }
    }
    if let securityContext { container.setSecurityContext(securityContext) }
    if !usesEtcd { container.removeElements(of: "volumeMounts", named: Self.etcdVolumeName) }
    if peerTLS == .off { container.removeElements(of: "volumeMounts", named: Self.peerVolumeName) }
    container["volumeMounts"]?.mapElements { mount in
      if mount["name"]?.string == Self.socketVolumeName { mount["mountPath"] = .string(socketMountPath) }
    }
    if store.spill.isEnabled {
      container["volumeMounts"]?.append([
        "name": .string(store.spill.name), "mountPath": .string(store.spill.path), "subPathExpr": "$(MY_NODE_NAME)",
      ])
    }
    for mount in volumeMounts { container["volumeMounts"]?.append(mount) }
  }

  /// The flags of the store, none of them empty.
  private var arguments: [String] {
    var arguments = ["--socket=\(socketPath)"]
    arguments += Self.storeFields.arguments(of: self)
    arguments.append("--rpc_socket_port=\(Self.rpcPort)")
    arguments.append("--metrics_port=\(Self.metricsPort)")
    arguments.append("--admin_token_file=\(Self.adminTokenDirectory)/\(AdminToken.key)")
    arguments += Self.clusterFields.arguments(of: self)
    arguments += metadataArguments + peerArguments
    if store.syncCRDs && StoreFeatures.mirrorsObjects { arguments.append("--sync_crds=true") }
    if store.spill.isEnabled {
      arguments += [
        "--spill_path=\(store.spill.path)", "--spill_lower_rate=\(store.spill.spillLowerRate)",
        "--spill_upper_rate=\(store.spill.spillUpperRate)",
      ]
    }
    return arguments
  }

  private var socketMountPath: String { volume.mountPath.isEmpty ? "/var/run" : volume.mountPath }
  private var socketPath: String {
    socketMountPath.hasSuffix("/") ? "\(socketMountPath)vineyard.sock" : "\(socketMountPath)/vineyard.sock"
  }

  /// The claim, or the node's disk where none is described.
  private var spillVolume: Value? {
    guard store.spill.isEnabled else { return nil }
    let name = Value.string(store.spill.name)
    guard store.spill.persistentVolumeClaimSpec != nil else { return ["name": name, "emptyDir": [:]] }
    return ["name": name, "persistentVolumeClaim": ["claimName": name]]
  }
}

extension Value {
  /// Puts a security context over the container's own.
  fileprivate mutating func setSecurityContext(_ context: Value) {
    self["securityContext"]?.overlay(context)
    // The API server refuses these two together with a ban on escalation.
    let capabilities = context["capabilities", "add"]?.array ?? []
    let isPowerful =
      context["privileged"]?.bool == true || capabilities.contains("SYS_ADMIN")
      || capabilities.contains("CAP_SYS_ADMIN")
    if isPowerful && context["allowPrivilegeEscalation"] == nil {
      self["securityContext", "allowPrivilegeEscalation"] = nil
    }
  }
}

/// Memory and CPU of a store's container.
enum StoreResources {
  /// The container's memory in bytes for a size in bytes: all that such a store may take.
  static func memory(size: UInt64) -> UInt64 { MemoryBudget(size: size).total }

  /// The container's memory as a quantity.
  static func memoryLimit(size: UInt64) -> String { mebibytes(memory(size: size)) }

  /// `resources` of the container. Request and limit of the memory are the same: a store fits itself into its limit, and
  /// what the scheduler promises is what it takes.
  ///
  /// - Parameter assumed: the memory where the resource says nothing, as a quantity.
  static func resources(_ store: VineyarddSpec.Store, assumed: String) throws -> Value {
    let memory = try store.memory ?? store.sizeInBytes().map(memoryLimit(size:)) ?? assumed
    let cpu = store.cpu ?? "100m"
    var resources: Value = ["requests": ["cpu": .string(cpu), "memory": .string(memory)]]
    resources["limits", "memory"] = .string(memory)
    resources["limits", "cpu"] = store.cpu.map { .string($0) }
    return resources
  }
}

extension VineyarddSpec.Store {
  /// Bytes that the resource gives a store's container: as it says, or as its size takes; nil when it says neither.
  ///
  /// - Throws: `ProgramError` with code `usage` for a size that cannot be read.
  public func statedMemory() throws -> UInt64? {
    if let memory { return Quantity(memory)?.bytes }
    return try sizeInBytes().map(StoreResources.memory(size:))
  }

  /// The memory of a store's container when neither its resource nor any node says how much, as a quantity.
  public static let memoryOnUnknownNodes = "1Gi"
}

extension Manifests {
  /// On the Deployment of a cluster whose resource does not say how much memory its stores have: what they were given.
  public static let assumedMemoryAnnotation = "app.vineyard.io/assumed-memory"
}
