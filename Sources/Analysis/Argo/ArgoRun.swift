import Support

/// A step that deletes a claim.
struct DeletionTask {
  /// The name of the claim; nil when nothing tells it.
  let name: Entry?
  let title: String
  let place: Place
  /// Whether it does not run after a step has failed.
  let isSkipped: Bool
  /// Where caching is switched on for it.
  let caching: Place?
}

/// Walks the templates of one workflow as its controller does, and notes each pod.
struct ArgoRun {
  var run = Run(kind: .argo)
  let specification: Node
  let namespace: String?
  private let templates: [String: Node]
  private let order: [Node]
  let library: [String: Node]

  /// Claims that the run makes, by their names with placeholders.
  var claims: [String: Int] = [:]
  /// Claims of `volumeClaimTemplates`, by the names of their volumes.
  var templateClaims: [(name: String, claim: Int, place: Place)] = []
  /// Deletions, to be linked once all claims are known.
  var deletions: [DeletionTask] = []
  /// Manifests that may still be read for the name of a claim.
  var namesLeft = 2_000
  private var visited: Set<String> = []

  init(specification: Node, templates: [Node], library: [String: Node], namespace: String?) {
    self.specification = specification
    self.namespace = namespace
    self.library = library
    order = templates
    self.templates = Dictionary(
      templates.compactMap { node in node["name"]?.text.map { ($0, node) } }, uniquingKeysWith: { first, _ in first })
  }

  /// What is known where a template is called.
  struct Call {
    /// Values of placeholders.
    var scope: [String: String] = [:]
    /// The task that calls.
    var task: String?
    /// Templates on the way, so that none calls itself.
    var stack: [String] = []
    var isParallel = false
    /// Whether it runs after a failure, too.
    var isExit = false
    /// Whether it waits for something that can fail.
    var waits = false
    /// Whether its order among the others is known.
    var isOrdered = true
  }

  mutating func read(_ kind: String, _ builder: inout ModelBuilder) {
    readCleanUp()
    for template in specification["volumeClaimTemplates"]?.elements ?? [] { readClaimTemplate(template, &builder) }
    if let entrypoint = specification["entrypoint"], let name = entrypoint.text {
      if templates[name] == nil, !Placeholders.isOpen(name) {
        builder.report(entrypoint.place, "there is no template \(name.quoted)", hint: near(name))
      }
      _ = walk(name, Call(), &builder)
    } else if kind == "Workflow" {
      builder.report(specification.place, "Workflow has no entrypoint", hint: "write spec.entrypoint")
    }
    for exit in exits() {
      _ = walk(exit, Call(isExit: true, isOrdered: false), &builder)
    }
    // Templates that only others call: their pods are known, their order is not.
    for template in order {
      guard let name = template["name"]?.text, !visited.contains(name) else { continue }
      _ = walk(name, Call(isOrdered: false), &builder)
    }
    connect(builder.model)
  }

  /// Links names to the claims that the run makes: a pod may stand before the step that makes its claim.
  private mutating func connect(_ model: Model) {
    for task in deletions {
      let claim = task.name.flatMap { claims[$0.text] }
      run.deletions.append(Deletion(claim: claim, place: task.place, isSkippedByFailure: task.isSkipped))
      if let claim, let caching = task.caching {
        run.cachedTasks.append(CachedTask(claim: claim, name: task.title, place: caching))
      }
    }
    run.relink(claims, model)
  }

  private func exits() -> [String] {
    var names = [specification["onExit"]?.text].compactMap { $0 }
    names += [specification["hooks", "exit", "template"]?.text].compactMap { $0 }
    return names
  }

  /// `podGC`, `ttlStrategy`, `volumeClaimGC`, `parallelism`.
  private mutating func readCleanUp() {
    let ttl = specification["ttlStrategy"]
    let lives = ttl?.fields.contains { $0.node.int != nil || $0.node.text.map(Placeholders.isOpen) == true } ?? false
    let strategy = specification["podGC", "strategy"]?.text
    run.removesPods = lives || strategy != nil
    let claims = specification["volumeClaimGC", "strategy"]?.text ?? "OnWorkflowSuccess"
    let livesAfterFailure = ttl?["secondsAfterFailure"] != nil || ttl?["secondsAfterCompletion"] != nil
    run.keepsTemplatesAfterFailure = claims == "OnWorkflowSuccess" && !livesAfterFailure
    run.isSerial = specification["parallelism"]?.int == 1
  }

  private mutating func readClaimTemplate(_ template: Node, _ builder: inout ModelBuilder) {
    guard let name = template["metadata", "name"], let text = name.text else {
      return builder.report(template.place, "a claim template has no name", hint: "write metadata.name")
    }
    var claim = Claim(
      name: Entry(text: "{{workflow.name}}-\(text)", place: name.place), title: text, namespace: namespace,
      maker: .template, place: name.place)
    ClaimReader.fill(&claim, specification: template["spec"], at: template.place)
    let index = builder.add(claim)
    claims["{{workflow.name}}-\(text)"] = index
    templateClaims.append((text, index, template.place))
  }

  private func near(_ name: String) -> String? {
    nearest(to: name, in: templates.keys.sorted()).map { "did you mean '\($0)'?" }
  }

  /// Follows a template of a name.
  ///
  /// - Returns: its nodes in the order of the run; nil when it is not known, or calls itself.
  mutating func walk(_ name: String, _ call: Call, _ builder: inout ModelBuilder) -> (begin: Int, end: Int)? {
    guard let template = templates[name], !call.stack.contains(name) else {
      if templates[name] == nil { run.isComplete = false }
      return nil
    }
    visited.insert(name)
    var call = call
    call.stack.append(name)
    return walk(template, call, &builder)
  }

  mutating func walk(_ template: Node, _ call: Call, _ builder: inout ModelBuilder) -> (begin: Int, end: Int)? {
    guard call.stack.count <= 30, builder.takeStep() else {
      run.isComplete = false
      return nil
    }
    if let tasks = template["dag", "tasks"] {
      return afford(tasks, &builder) ? walkTasks(tasks.elements, call, &builder) : nil
    }
    if let groups = template["steps"] {
      return afford(groups, &builder) ? walkGroups(groups.elements, call, &builder) : nil
    }
    let node = run.order.node()
    let name = template["name"]?.text ?? call.stack.last ?? ""
    if let resource = template["resource"] {
      readResource(resource, template, name, call, (node, node), &builder)
    } else if let step = pod(template, name, call, call.isOrdered ? (node, node) : nil, &builder) {
      run.steps.append(step)
    }
    return (node, node)
  }

  /// The template that a task or step calls.
  private mutating func walkCalled(_ task: Node, _ call: Call, _ builder: inout ModelBuilder) -> (begin: Int, end: Int)?
  {
    if let inline = task["inline"] { return walk(inline, call, &builder) }
    if let reference = task["templateRef"] {
      guard let name = reference["name"]?.text, let title = reference["template"]?.text,
        let template = library["\(name)/\(title)"], !call.stack.contains("\(name)/\(title)")
      else {
        run.isComplete = false
        return nil
      }
      var call = call
      call.stack.append("\(name)/\(title)")
      return walk(template, call, &builder)
    }
    guard let called = task["template"], let name = called.text else { return nil }
    if templates[name] == nil, !Placeholders.isOpen(name) {
      builder.report(called.place, "there is no template \(name.quoted)", hint: near(name))
    }
    return walk(name, call, &builder)
  }

  /// The call of a task: its arguments become inputs.
  private func called(_ task: Node, _ call: Call, _ scope: [String: String]) -> Call {
    var inner = call
    inner.scope = [:]
    inner.task = task["name"]?.text
    for parameter in task["arguments", "parameters"]?.elements ?? [] {
      guard let name = parameter["name"]?.text, let value = parameter["value"]?.text else { continue }
      inner.scope["inputs.parameters.\(name)"] = Placeholders.substitute(value, scope)
    }
    let loops = ["withItems", "withParam", "withSequence"]
    inner.isParallel = call.isParallel || loops.contains { task[$0] != nil }
    return inner
  }

  private mutating func walkTasks(
    _ tasks: [Node], _ call: Call, _ builder: inout ModelBuilder
  ) -> (begin: Int, end: Int)? {
    let (begin, end) = (run.order.node(), run.order.node())
    run.order.add(begin, before: end)
    guard spend(on: tasks, &builder) else { return nil }
    let scope = call.scope.merging(outputs(of: tasks, "tasks", call)) { own, _ in own }
    var spans: [String: (begin: Int, end: Int)] = [:]
    var needs: [(name: String, needs: [String])] = []
    var graph = TaskGraph()
    for task in tasks {
      guard let name = task["name"]?.text else {
        builder.report(task.place, "a task has no name")
        continue
      }
      let depends = task["depends"]?.text ?? ""
      let waited = (task["dependencies"]?.texts ?? []) + Self.names(in: depends)
      graph.add(name, at: task.place, needs: Self.needs(of: task))
      var inner = called(task, call, scope)
      let toleratesFailure = Self.toleratesFailure(depends) || task["continueOn"] != nil
      inner.waits = (call.waits || !waited.isEmpty) && !toleratesFailure
      guard let span = walkCalled(task, inner, &builder) else { continue }
      spans[name] = span
      needs.append((name, waited))
      for hook in task["hooks"]?.fields.map(\.node) ?? [] {
        var exit = inner
        exit.isExit = true
        exit.isOrdered = false
        _ = walkCalled(hook, exit, &builder)
      }
    }
    graph.report(to: &builder)
    for (name, waited) in needs {
      guard let span = spans[name] else { continue }
      run.order.add(begin, before: span.begin)
      run.order.add(span.end, before: end)
      for other in waited { if let earlier = spans[other] { run.order.add(earlier.end, before: span.begin) } }
    }
    return (begin, end)
  }

  private mutating func walkGroups(
    _ groups: [Node], _ call: Call, _ builder: inout ModelBuilder
  ) -> (begin: Int, end: Int)? {
    let begin = run.order.node()
    var last = begin
    let all = groups.flatMap { $0.elements.isEmpty ? [$0] : $0.elements }
    guard spend(on: all, &builder) else { return nil }
    let scope = call.scope.merging(outputs(of: all, "steps", call)) { own, _ in own }
    var waits = call.waits
    for group in groups {
      let end = run.order.node()
      run.order.add(last, before: end)
      var tolerates = true
      for task in group.elements.isEmpty ? [group] : group.elements {
        var inner = called(task, call, scope)
        inner.waits = waits
        tolerates = tolerates && task["continueOn", "failed"]?.bool == true
        guard let span = walkCalled(task, inner, &builder) else { continue }
        run.order.add(last, before: span.begin)
        run.order.add(span.end, before: end)
      }
      waits = waits || !tolerates
      last = end
    }
    return (begin, last)
  }

  /// Takes the work of looking at a list.
  private mutating func afford(_ list: Node, _ builder: inout ModelBuilder) -> Bool {
    if builder.spend(list.count * 10) { return true }
    run.isComplete = false
    return false
  }

  /// Takes the work of looking at tasks.
  private mutating func spend(on tasks: [Node], _ builder: inout ModelBuilder) -> Bool {
    let effort = tasks.reduce(0) { sum, task in
      sum + 10 + (task["arguments", "parameters"]?.count ?? 0) + (task["dependencies"]?.count ?? 0)
        + (task["depends"]?.text?.utf8.count ?? 0)
    }
    if builder.spend(effort) { return true }
    run.isComplete = false
    return false
  }

  /// The tasks that an expression of `depends` names.
  static func names(in expression: String) -> [String] {
    expression.split { "&|!()".contains($0) || $0.isWhitespace }.map { String($0.prefix { $0 != "." }) }
  }

  /// The tasks that a task says it waits for, each where it says so.
  private static func needs(of task: Node) -> [Entry] {
    let listed = (task["dependencies"]?.elements ?? []).compactMap { node in
      node.text.map { Entry(text: $0, place: node.place) }
    }
    guard let depends = task["depends"], let expression = depends.text, !Placeholders.isOpen(expression) else {
      return listed
    }
    return listed + names(in: expression).map { Entry(text: $0, place: depends.place) }
  }

  /// Whether a task with such an expression may run although another one has failed.
  static func toleratesFailure(_ expression: String) -> Bool {
    expression.contains("|") || expression.contains("!")
      || [".Failed", ".Errored", ".Completed", ".AnySucceeded"].contains { expression.firstRange(of: $0) != nil }
  }

  /// The template that a task calls, if its place is known.
  func template(of task: Node) -> Node? {
    task["inline"] ?? task["template"]?.text.flatMap { templates[$0] }
      ?? task["templateRef"].flatMap { library["\($0["name"]?.text ?? "")/\($0["template"]?.text ?? "")"] }
  }

  /// The outputs of tasks that make claims: the names of these.
  private mutating func outputs(of tasks: [Node], _ prefix: String, _ call: Call) -> [String: String] {
    var outputs: [String: String] = [:]
    for task in tasks {
      guard let name = task["name"]?.text, let template = template(of: task),
        let manifest = template["resource", "manifest"]
      else { continue }
      let inner = called(task, call, call.scope)
      guard let claim = claimName(manifest, inner.scope) else { continue }
      for output in template["outputs", "parameters"]?.elements ?? [] {
        guard let parameter = output["name"]?.text, output["valueFrom", "jsonPath"]?.text == "{.metadata.name}" else {
          continue
        }
        outputs["\(prefix).\(name).outputs.parameters.\(parameter)"] = claim
      }
    }
    return outputs
  }
}
