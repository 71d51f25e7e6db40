import Documents

/// The pods and claims of a workflow's templates.
extension ArgoRun {
  /// The pod of a template; nil for a template without one.
  mutating func pod(
    _ template: Node, _ name: String, _ call: Call, _ position: (begin: Int, end: Int)?, _ builder: inout ModelBuilder
  ) -> Step? {
    let main = ["container", "script"].compactMap { template[$0] }.first
    let set = template["containerSet"]
    guard main != nil || set != nil else {
      let others = ["suspend", "http", "plugin", "data", "dag", "steps"]
      if !others.contains(where: { key in template.fields.contains { $0.key == key } }) {
        builder.report(
          template.place, "template \(name.quoted) does nothing",
          hint: "write container, script, dag, steps or another one")
      }
      return nil
    }
    var scope = call.scope
    for parameter in template["inputs", "parameters"]?.elements ?? [] {
      guard let input = parameter["name"]?.text, let value = parameter["value"]?.text else { continue }
      scope["inputs.parameters.\(input)"] = scope["inputs.parameters.\(input)"] ?? value
    }
    var reader = PodReader()
    let namespace = namespace
    let claims = claims
    for volumes in [specification["volumes"], template["volumes"]] {
      reader.add(volumes: volumes, namespace: namespace, &builder) { entry, builder in
        let named = Entry(text: Placeholders.substitute(entry.text, scope), place: entry.place)
        return claims[named.text] ?? builder.reference(named, namespace: namespace)
      }
    }
    for (name, claim, place) in templateClaims { reader.add(name, .init(claim: claim, place: place)) }
    // A patch, an artifact or defaults of the controller may bring volumes that are not to be seen.
    reader.isComplete =
      template["podSpecPatch"] == nil && specification["podSpecPatch"] == nil
      && call.isOrdered && !call.stack.contains { $0.contains("/") }

    var step = Step(name: call.task ?? name, place: template["name"]?.place ?? template.place)
    for each in (template["initContainers"]?.elements ?? []) + (template["sidecars"]?.elements ?? []) {
      step.containers.append(reader.container(each, scope: scope, &builder))
    }
    if let main { step.containers.append(reader.container(main, scope: scope, &builder)) }
    let common = set?["volumeMounts"]?.elements ?? []
    for each in set?["containers"]?.elements ?? [] {
      step.containers.append(reader.container(each, mounts: common, scope: scope, &builder))
    }
    step.caching = Self.caching(template)
    step.isParallel = call.isParallel
    step.position = position
    step.placement = PodReader.placement(
      selector: template["nodeSelector"] ?? specification["nodeSelector"],
      affinity: template["affinity"] ?? specification["affinity"])
    return step
  }

  /// Where Kubeflow 1 is told that it may skip a pod whose results it has.
  static func caching(_ template: Node) -> Place? {
    guard let label = template["metadata", "labels", "pipelines.kubeflow.org/enable_caching"], label.text == "true",
      template["metadata", "annotations", "pipelines.kubeflow.org/max_cache_staleness"]?.text != "P0D"
    else { return nil }
    return label.place
  }

  /// The name, with placeholders, of the claim in a manifest.
  mutating func claimName(_ manifest: Node, _ scope: [String: String]) -> String? {
    guard namesLeft > 0, let text = manifest.string, text.utf8.count <= 1 << 14,
      text.firstRange(of: "PersistentVolumeClaim") != nil
    else { return nil }
    namesLeft -= 1
    let documents = EmbeddedManifest(text, manifest, valueLimit: 2_000).documents
    guard let claim = documents.first(where: { $0["kind"]?.text == "PersistentVolumeClaim" }) else { return nil }
    return Self.name(of: claim, scope)
  }

  /// The name of a claim, with placeholders; where the server makes one, a placeholder for it.
  private static func name(of claim: Node, _ scope: [String: String]) -> String? {
    if let name = claim["metadata", "name"]?.text { return Placeholders.substitute(name, scope) }
    return claim["metadata", "generateName"]?.text.map { "{{made \($0)}}" }
  }

  /// A step that makes or deletes an object.
  mutating func readResource(
    _ resource: Node, _ template: Node, _ name: String, _ call: Call, _ position: (begin: Int, end: Int),
    _ builder: inout ModelBuilder
  ) {
    let action = resource["action"]?.text ?? ""
    if action == "delete" {
      readDeletion(resource, template, name, call)
    } else if action == "create" || action == "apply" {
      readCreation(resource, template, name, call, &builder)
    }
  }

  private mutating func readCreation(
    _ resource: Node, _ template: Node, _ name: String, _ call: Call, _ builder: inout ModelBuilder
  ) {
    guard let manifest = resource["manifest"], let read = builder.embedded(manifest) else {
      run.isComplete = false
      return
    }
    if let error = read.error {
      let line = error.position.map { manifest.firstLine?.moved(by: $0.line - 1) ?? manifest.place }
      return builder.report(
        line ?? manifest.place, "the manifest of template \(name.quoted) is no YAML: \(error.reason)")
    }
    for document in read.documents where document["kind"]?.text == "PersistentVolumeClaim" {
      let named = document["metadata", "name"]
      guard let key = Self.name(of: document, call.scope) else {
        builder.report(document.place, "a PersistentVolumeClaim has no name", hint: "write metadata.name")
        continue
      }
      let isOwned = resource["setOwnerReference"]?.bool == true || document["metadata", "ownerReferences"] != nil
      var claim = Claim(
        name: named.map { Entry(text: key, place: $0.place) }, title: call.task ?? name, namespace: namespace,
        maker: .step(isOwned: isOwned), place: named?.place ?? document.place)
      ClaimReader.fill(&claim, specification: document["spec"], at: document.place)
      let index = claims[key] ?? builder.add(claim)
      claims[key] = index
      if let caching = Self.caching(template) {
        run.cachedTasks.append(CachedTask(claim: index, name: call.task ?? name, place: caching))
      }
    }
  }

  private mutating func readDeletion(_ resource: Node, _ template: Node, _ name: String, _ call: Call) {
    guard let words = deletedClaim(resource, call) else { return }
    deletions.append(
      DeletionTask(
        name: words.first, title: call.task ?? name, place: template["name"]?.place ?? template.place,
        isSkipped: call.waits && !call.isExit, caching: Self.caching(template)))
  }

  /// The claim that a step deletes: by a manifest, or by words for kubectl.
  ///
  /// - Returns: its name, or none where nothing tells it; nil when the step deletes something else.
  private mutating func deletedClaim(_ resource: Node, _ call: Call) -> [Entry]? {
    if let manifest = resource["manifest"] {
      return claimName(manifest, call.scope).map { [Entry(text: $0, place: manifest.place)] }
    }
    let words = (resource["flags"]?.elements ?? []).filter { $0.text?.hasPrefix("-") == false }
    let kinds: Set<String> = ["pvc", "persistentvolumeclaim", "persistentvolumeclaims"]
    let texts = words.flatMap { ($0.text ?? "").split(separator: "/").map(String.init) }
    guard let kind = texts.firstIndex(where: { kinds.contains($0) }) else { return nil }
    return texts.dropFirst(kind + 1).prefix(1).map {
      Entry(text: Placeholders.substitute($0, call.scope), place: resource.place)
    }
  }
}
