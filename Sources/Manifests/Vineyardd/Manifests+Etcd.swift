import KubernetesObjects

extension Manifests {
  /// The etcd of a cluster.
  static func etcd(_ spec: VineyarddSpec) throws -> [KubernetesObject] {
    var documents = try ManifestDocuments(.etcd)
    let labels = spec.podLabels(role: "etcd")
    documents.editAll { object in
      if object.kind == "Service" { object.tree["spec", "selector"] = Value(labels) }
    }
    try documents.edit("PodDisruptionBudget") { $0.tree["spec", "selector", "matchLabels"] = Value(labels) }
    try documents.edit("StatefulSet") { try spec.fillStatefulSet(&$0, labels: labels) }
    spec.place(&documents)
    return documents.objects
  }
}

extension VineyarddSpec {
  /// Turns the sample StatefulSet into this cluster's.
  fileprivate func fillStatefulSet(_ set: inout KubernetesObject, labels: [String: String]) throws {
    let setName = "\(name)-etcd"
    set.tree["spec", "replicas"] = Value(etcdReplicas)
    set.tree["spec", "serviceName"] = .string(setName)
    set.setSelector(labels)
    set.podSpec["serviceAccountName"] = .string(setName)
    set.podSpec["affinity", "podAntiAffinity", "preferredDuringSchedulingIgnoredDuringExecution"]?.mapElements { term in
      term["podAffinityTerm", "labelSelector", "matchLabels"] = Value(labels)
    }
    try set.editContainer("etcd") { container in
      container.setImage(etcdImage)
      let domain = "\(setName).$(POD_NAMESPACE).svc"
      let members = (0..<etcdReplicas).map { "\(setName)-\($0)=http://\(setName)-\($0).\(domain):2380" }
      container.setArgument("--advertise-client-urls", "http://$(POD_NAME).\(domain):2379")
      container.setArgument("--initial-advertise-peer-urls", "http://$(POD_NAME).\(domain):2380")
      container.setArgument("--initial-cluster", members.joined(separator: ","))
      container.setArgument("--initial-cluster-token", name)
    }
    if let size = etcd.storageSize {
      set.podSpec["volumes"] = nil
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
}

extension Value {
  /// Replaces the value of an argument `--flag=value` of a container.
  mutating func setArgument(_ flag: String, _ value: String) {
    self["args"]?.mapElements { argument in
      if argument.string?.hasPrefix("\(flag)=") == true { argument = .string("\(flag)=\(value)") }
    }
  }
}
