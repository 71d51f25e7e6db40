import KubernetesObjects

extension Manifests {
  /// The etcd of a cluster. Its Secrets have no data yet.
  static func etcd(_ spec: VineyarddSpec) throws -> [KubernetesObject] {
    var documents = try ManifestDocuments(.etcd)
    let labels = spec.podLabels(role: "etcd")
    documents.editAll { object in
      if object.kind == "Service" { object.tree["spec", "selector"] = Value(labels) }
    }
    try documents.edit("PodDisruptionBudget") { $0.tree["spec", "selector", "matchLabels"] = Value(labels) }
    try documents.edit("NetworkPolicy") { spec.fillPolicy(&$0, labels: labels) }
    try documents.edit("StatefulSet") { try spec.fillStatefulSet(&$0, labels: labels) }
    spec.place(&documents)
    return documents.objects
  }
}

extension VineyarddSpec {
  /// Whether the stores share metadata through etcd.
  public var usesEtcd: Bool { store.metadata != "local" }

  /// Takes over where metadata lives from stores that run already, where the resource does not say it: they would lose
  /// their contents otherwise.
  ///
  /// - Parameter deployment: of the stores; nil where there is none.
  public mutating func keepMetadata(of deployment: KubernetesObject?) {
    guard store.metadata == nil, let deployment else { return }
    let containers = deployment.tree["spec", "template", "spec", "containers"]?.array ?? []
    let isLocal = containers.contains { $0["args"]?.array?.contains("--meta=local") == true }
    store.metadata = isLocal ? "local" : nil
  }

  /// The name of etcd's StatefulSet, of the Service that gives its members names, and of their account.
  public var etcdName: String { "\(name)-etcd" }

  /// The DNS name of a member.
  public func etcdHost(_ member: Int) -> String { etcdHost("\(etcdName)-\(member)", namespace: namespace) }

  private func etcdHost(_ member: String, namespace: String) -> String { "\(member).\(etcdName).\(namespace).svc" }

  /// The DNS names by which clients and members reach etcd.
  public var etcdHosts: [String] {
    let services = ["\(name)-etcd-service", etcdName].flatMap { service in
      ["\(service).\(namespace).svc", "\(service).\(namespace)", service]
    }
    return (0..<etcdReplicas).map { etcdHost($0) } + services + ["localhost"]
  }

  /// The beginning of all keys of a cluster.
  public static let etcdPrefix = "/vineyard"

  /// Bytes that the database of a member may take, as `manifests/etcd.yaml` says; a test compares them.
  public static let etcdQuota: Int64 = 2 << 30

  /// The addresses at which clients reach the members.
  public var etcdEndpoints: [String] { (0..<etcdReplicas).map { "https://\(etcdHost($0)):2379" } }

  /// The store's flags about metadata.
  var metadataArguments: [String] {
    guard usesEtcd else { return ["--meta=local"] }
    let directory = Self.etcdCertificateDirectory
    return [
      "--meta=etcd", "--etcd_prefix=\(Self.etcdPrefix)", "--etcd_endpoint=\(etcdEndpoints.joined(separator: ","))",
      "--etcd_ca_file=\(directory)/ca.crt", "--etcd_cert_file=\(directory)/tls.crt",
      "--etcd_key_file=\(directory)/tls.key",
    ]
  }

  /// Directory at which the Secret with the stores' certificate for etcd is mounted.
  private static let etcdCertificateDirectory = "/etc/vineyard/etcd"

  /// Turns the sample StatefulSet into this cluster's.
  fileprivate func fillStatefulSet(_ set: inout KubernetesObject, labels: [String: String]) throws {
    set.tree["spec", "replicas"] = Value(etcdReplicas)
    set.tree["spec", "serviceName"] = .string(etcdName)
    set.setSelector(labels)
    set.podSpec["serviceAccountName"] = .string(etcdName)
    set.podSpec["affinity", "podAntiAffinity", "preferredDuringSchedulingIgnoredDuringExecution"]?.mapElements { term in
      term["podAffinityTerm", "labelSelector", "matchLabels"] = Value(labels)
    }
    set.podSpec["initContainers"]?.mapElements { container in
      container.setImage(storeImage)
      let peer = { (member: String) in "https://\(etcdHost(member, namespace: "$(POD_NAMESPACE)")):2380" }
      let members = (0..<etcdReplicas).map { "\(etcdName)-\($0)=\(peer("\(etcdName)-\($0)"))" }
      container.setArgument(
        "--advertise-client-urls", "https://\(etcdHost("$(POD_NAME)", namespace: "$(POD_NAMESPACE)")):2379")
      container.setArgument("--initial-advertise-peer-urls", peer("$(POD_NAME)"))
      container.setArgument("--initial-cluster", members.joined(separator: ","))
      container.setArgument("--initial-cluster-token", name)
    }
    try set.editContainer("etcd") { $0.setImage(etcdImage) }
    try set.editVolume("certificates") { volume in
      volume["secret", "secretName"] = .string(EtcdSecret.server.name(ofCluster: name))
    }
    if let size = etcd.storageSize {
      set.podSpec.removeElements(of: "volumes", named: "data")
      var claim: Value = [
        "metadata": ["name": "data"],
        "spec": ["accessModes": ["ReadWriteOnce"], "resources": ["requests": ["storage": .string(size)]]],
      ]
      claim["spec", "storageClassName"] = etcd.storageClassName.map { .string($0) }
      set.tree["spec", "volumeClaimTemplates"] = [claim]
    }
    placement.apply(to: &set.podSpec, usesNode: false)
    set.podSpec["priorityClassName"] = priorityClassName.map { .string($0) }
  }

  /// Turns the sample's policy into this cluster's: its pods have its name in a label.
  fileprivate func fillPolicy(_ policy: inout KubernetesObject, labels: [String: String]) {
    policy.tree["spec", "podSelector", "matchLabels"] = Value(labels)
    policy.tree["spec", "ingress"]?.mapElements { rule in
      rule["from"]?.mapElements { peer in
        guard peer["podSelector", "matchLabels", "app.vineyard.io/name"] != nil else { return }
        peer["podSelector", "matchLabels", "app.vineyard.io/name"] = .string(name)
      }
    }
  }
}

extension Value {
  /// Replaces the value of an argument `--flag=value` of a container.
  mutating func setArgument(_ flag: String, _ value: String) {
    self["args"]?.mapElements { argument in
      if argument.string?.hasPrefix("\(flag)=") == true { argument = .string("\(flag)=\(value)") }
    }
  }

  /// Takes elements of a list out by their name.
  mutating func removeElements(of list: String, named name: String) {
    guard let elements = self[list]?.array else { return }
    self[list] = .array(elements.filter { $0["name"]?.string != name })
  }
}
