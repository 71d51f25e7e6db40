import Support

/// The pods of a pipeline's tasks.
extension KubeflowRun {
  /// The pod of a task.
  ///
  /// - Parameter platform: what is said for Kubernetes about its executor.
  func pod(
    _ task: Node, _ name: String, _ container: Node, _ platform: Node?, _ call: Call, _ outputs: [String: Argument],
    _ node: Int, _ builder: inout ModelBuilder
  ) -> Step {
    var scope: [String: String] = [:]
    var usesWorkspace = false
    for (key, argument) in call.arguments {
      guard case .text(let text, _) = argument else { continue }
      usesWorkspace = usesWorkspace || self.usesWorkspace(text)
      scope["$.inputs.parameters['\(key)']"] = Self.located(text)
    }
    var words = PodReader.words(container, scope, &builder)
    for index in words.indices where self.usesWorkspace(words[index].text) {
      usesWorkspace = true
      words[index] = Word(
        text: Self.located(words[index].text), place: words[index].place, firstLine: words[index].firstLine)
    }
    var main = Container(name: name)
    main.image = container["image"].flatMap { image in
      image.text.map { Entry(text: Placeholders.substitute($0, scope), place: image.place) }
    }
    main.use = VineyardUse(words)
    for mount in mounts("pvcMount", platform, &builder) {
      guard let path = mount["mountPath"]?.text else { continue }
      main.mounts.append(
        Mount(
          claim: claim(mount, call, outputs, &builder), path: path, place: mount.place, source: mount.place,
          subPath: mount["subPath"].flatMap { $0.text?.isEmpty == false ? $0.place : nil }))
    }
    for volume in mounts("genericEphemeralVolume", platform, &builder) {
      guard let path = volume["mountPath"]?.text else { continue }
      var claim = Claim(title: volume["volumeName"]?.text ?? name, maker: .pod, place: volume.place)
      claim.storageClass =
        volume["storageClassName"].flatMap {
          $0.text?.isEmpty == false ? ClaimReader.field($0, missing: $0.place) : nil
        }
        ?? .missing(volume.place)
      claim.size = ClaimReader.field(volume["size"], missing: volume.place)
      claim.modes = volume["accessModes"].map(ClaimReader.entries)
      main.mounts.append(Mount(claim: builder.add(claim), path: path, place: volume.place, source: volume.place))
    }
    for (key, kind) in [
      ("emptyDirMounts", "emptyDir"), ("secretAsVolume", "secret"), ("configMapAsVolume", "configMap"),
    ] {
      for volume in mounts(key, platform, &builder) {
        guard let path = volume["mountPath"]?.text else { continue }
        main.mounts.append(Mount(other: .plain(kind), path: path, place: volume.place, source: volume.place))
      }
    }
    if usesWorkspace, let workspace {
      main.mounts.append(
        Mount(claim: workspace, path: Self.workspacePath, place: task.place, source: task.place))
    }
    if let privileged = platform?["securityContext", "privileged"], privileged.bool == true {
      main.privileged = privileged.place
    }
    main.mounts = Array(main.mounts.prefix(Container.mountLimit))
    main.locatePaths()
    var step = Step(name: name, place: task.place, containers: [main])
    step.caching = Self.caching(task)
    step.isParallel = call.isParallel
    step.position = (node, node)
    step.canMountReadOnly = false
    step.placement = PodReader.placement(selector: platform?["nodeSelector", "labels"], affinity: nil)
    for affinity in platform?["nodeAffinity"]?.elements ?? [] where affinity["weight"] == nil {
      for expression in affinity["matchExpressions"]?.elements ?? [] { step.placement.add(expression) }
    }
    return step
  }

  /// The mounts of a kind, as many as are looked at.
  private func mounts(_ key: String, _ platform: Node?, _ builder: inout ModelBuilder) -> ArraySlice<Node> {
    guard let list = platform?[key], builder.spend(list.count) else { return [] }
    return list.elements.prefix(Container.mountLimit)
  }

  /// The claim of a mount.
  private func claim(
    _ mount: Node, _ call: Call, _ outputs: [String: Argument], _ builder: inout ModelBuilder
  ) -> Int? {
    let value = mount["pvcNameParameter"] ?? mount
    var argument = argument(value, call, outputs)
    if case .unknown = argument, let constant = mount["constant"], let text = constant.text {
      argument = .text(text, constant)
    }
    switch argument {
    case .claim(let claim): return claim
    case .text(let text, let node):
      return claims[text] ?? builder.reference(Entry(text: text, place: node.place), namespace: nil)
    case .unknown: return nil
    }
  }
}
