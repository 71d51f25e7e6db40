import KubernetesObjects

extension CSIDriverSpec {
  /// Turns the sample Deployment into this driver's.
  func fillController(_ deployment: inout KubernetesObject) throws {
    let app = "\(name)-csi-driver"
    fillLabels(&deployment, app: app)
    deployment.tree["spec", "replicas"] = Value(replicas)
    deployment.podSpec["serviceAccountName"] = .string("\(name)-controller")
    deployment.podSpec["affinity", "podAntiAffinity", "preferredDuringSchedulingIgnoredDuringExecution"]?
      .mapElements { $0["podAffinityTerm", "labelSelector", "matchLabels", "app"] = .string(app) }
    placement.apply(to: &deployment.podSpec, usesNode: false)
    try fillDriver(&deployment)
    try deployment.editContainer("csi-provisioner") { container in
      container.setImage(sidecarImage(sidecar.provisionerImage))
      guard !sidecar.enableTopology else { return }
      container.setArgument("--feature-gates", "Topology=false,VolumeAttributesClass=false")
      // Room is published per topology segment.
      let ofTopology = ["--strict-topology", "--immediate-topology=", "--enable-capacity", "--capacity-"]
      container["args"] = .array(
        (container["args"]?.array ?? []).filter { argument in
          !ofTopology.contains { argument.string?.hasPrefix($0) == true }
        })
    }
    try deployment.editContainer("csi-resizer") { $0.setImage(sidecarImage(sidecar.resizerImage)) }
    if sidecar.enableSnapshots { addSnapshotter(&deployment) }
  }

  /// Adds the snapshotter, which runs like the resizer beside it.
  private func addSnapshotter(_ deployment: inout KubernetesObject) {
    let containers = deployment.podSpec["containers"]?.array ?? []
    deployment.podSpec["containers"] = .array(
      containers.flatMap { container -> [Value] in
        guard container["name"] == "csi-resizer" else { return [container] }
        var snapshotter = container
        snapshotter["name"] = "csi-snapshotter"
        snapshotter.setImage(sidecarImage(sidecar.snapshotterImage))
        snapshotter["args"] = [
          "--csi-address=/csi/csi.sock", "--v=2", "--timeout=30s", "--retry-interval-max=30s",
          "--extra-create-metadata", "--leader-election", "--leader-election-namespace=$(NAMESPACE)",
        ]
        return [container, snapshotter]
      })
  }

  /// Turns the sample DaemonSet into this driver's.
  func fillNodePlugin(_ set: inout KubernetesObject) throws {
    fillLabels(&set, app: "\(name)-csi-nodes")
    set.podSpec["serviceAccountName"] = .string("\(name)-node")
    placement.apply(to: &set.podSpec, usesNode: true)
    if enableToleration { set.podSpec["tolerations"] = [["operator": "Exists"]] }
    try fillDriver(&set)
    try set.editContainer("node-driver-registrar") { container in
      container.setImage(sidecarImage(sidecar.nodeRegistrarImage))
      container.setArgument("--kubelet-registration-path", "\(pluginDirectory)/csi.sock")
    }
    try set.editContainer("vineyard-csi-driver") { container in
      // At the same place as on the node: the kubelet names target paths as it sees them.
      container["volumeMounts"]?.mapElements { mount in
        if mount["name"]?.string == "kubelet-dir" { mount["mountPath"] = .string(kubeletDirectory) }
      }
    }
    try set.editVolume("kubelet-dir") { $0["hostPath", "path"] = .string(kubeletDirectory) }
    try set.editVolume("plugin-dir") { $0["hostPath", "path"] = .string(pluginDirectory) }
    try set.editVolume("registration-dir") { volume in
      volume["hostPath", "path"] = .string("\(kubeletDirectory)/plugins_registry")
    }
  }

  private var pluginDirectory: String { "\(kubeletDirectory)/plugins/csi.vineyard.v6d.io" }

  private func fillLabels(_ workload: inout KubernetesObject, app: String) {
    workload.setLabel("app", app)
    workload.setSelector(["app": app])
    workload.tree["spec", "template", "metadata", "labels", "app.vineyard.io/name"] = .string(name)
  }

  /// Fills the container that controller and node plugin have in common.
  private func fillDriver(_ workload: inout KubernetesObject) throws {
    try workload.editContainer("vineyard-csi-driver") { container in
      container.setImage(driverImage)
      if enableVerboseLog { container["args"]?.append("--verbose") }
    }
    try workload.editContainer("liveness-probe") { $0.setImage(sidecarImage(sidecar.livenessProbeImage)) }
  }
}
