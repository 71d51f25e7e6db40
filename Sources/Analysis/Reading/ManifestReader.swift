/// Reads plain manifests: claims, classes, pods and what makes pods.
struct ManifestReader {
  private var runs: [String: Run] = [:]
  private var namespaces: [String] = []

  static let kinds: Set<String> = [
    "PersistentVolumeClaim", "StorageClass", "Pod", "Job", "CronJob", "Deployment", "StatefulSet", "ReplicaSet",
    "DaemonSet",
  ]

  /// Reads one document of a kind that is known.
  mutating func read(_ node: Node, kind: String, _ builder: inout ModelBuilder) {
    switch kind {
    case "PersistentVolumeClaim": readClaim(node, &builder)
    case "StorageClass": readClass(node, &builder)
    case "Pod": readPod(node, node["spec"], kind, &builder)
    case "CronJob": readPod(node, node["spec", "jobTemplate", "spec", "template", "spec"], kind, &builder)
    default: readPod(node, node["spec", "template", "spec"], kind, &builder)
    }
  }

  /// Hands over the pods of each namespace.
  mutating func finish(_ builder: inout ModelBuilder) {
    for namespace in namespaces { if let run = runs[namespace] { builder.add(run, claimsFrom: builder.claimCount) } }
  }

  private func readClaim(_ node: Node, _ builder: inout ModelBuilder) {
    guard let name = node["metadata", "name"] ?? node["metadata", "generateName"], let text = name.text else {
      return builder.report(node.place, "a PersistentVolumeClaim has no name", hint: "write metadata.name")
    }
    guard let specification = node["spec"], specification.isObject else {
      return builder.report(node.place, "PersistentVolumeClaim \(text.quoted) has no spec")
    }
    var claim = Claim(
      name: Entry(text: text, place: name.place), title: text, namespace: node["metadata", "namespace"]?.text,
      maker: .document, place: name.place)
    ClaimReader.fill(&claim, specification: specification, at: node.place)
    _ = builder.add(claim)
  }

  private func readClass(_ node: Node, _ builder: inout ModelBuilder) {
    guard let name = node["metadata", "name"]?.text, let provisioner = node["provisioner"]?.text else {
      return builder.report(node.place, "a StorageClass has no name or no provisioner")
    }
    let isDefault = node["metadata", "annotations", "storageclass.kubernetes.io/is-default-class"]?.text == "true"
    let quota = node["parameters", "quota"]?.text
    builder.configure { $0.classes.add(name, provisioner: provisioner, isDefault: isDefault, quota: quota) }
  }

  private mutating func readPod(_ node: Node, _ pod: Node?, _ kind: String, _ builder: inout ModelBuilder) {
    let name = (node["metadata", "name"] ?? node["metadata", "generateName"])?.text ?? ""
    guard let pod, let containers = pod["containers"]?.elements, !containers.isEmpty else {
      return builder.report(node.place, "\(kind) \(name.quoted) has no containers")
    }
    guard builder.takeStep() else { return }
    let namespace = node["metadata", "namespace"]?.text
    var reader = PodReader()
    reader.add(volumes: pod["volumes"], namespace: namespace, &builder) { entry, builder in
      builder.reference(entry, namespace: namespace)
    }
    for template in kind == "StatefulSet" ? node["spec", "volumeClaimTemplates"]?.elements ?? [] : [] {
      guard let title = template["metadata", "name"]?.text else { continue }
      var claim = Claim(title: title, namespace: namespace, maker: .statefulSet, place: template.place)
      ClaimReader.fill(&claim, specification: template["spec"], at: template.place)
      reader.add(title, .init(claim: builder.add(claim), place: template.place))
    }
    var step = Step(name: name, place: node["metadata"]?.place ?? node.place)
    for each in (pod["initContainers"]?.elements ?? []) + containers {
      step.containers.append(reader.container(each, &builder))
    }
    step.placement = PodReader.placement(selector: pod["nodeSelector"], affinity: pod["affinity"])
    let replicas = (node["spec", "replicas"] ?? node["spec", "parallelism"])?.int ?? 1
    step.isParallel = replicas > 1 || kind == "DaemonSet"
    step.isService = ["Deployment", "StatefulSet", "ReplicaSet", "DaemonSet"].contains(kind)
    append(step, namespace: namespace ?? "")
  }

  private mutating func append(_ step: Step, namespace: String) {
    if runs[namespace] == nil { namespaces.append(namespace) }
    runs[namespace, default: Run(kind: .manifests)].steps.append(step)
  }
}
