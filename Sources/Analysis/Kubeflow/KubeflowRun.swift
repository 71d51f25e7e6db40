/// Walks the tasks of a pipeline as its drivers do, and notes each pod.
struct KubeflowRun {
  var run = Run(kind: .kubeflow, isRepeated: true)
  let pipeline: Node
  let platform: Node?
  /// Claims that the run makes, by their names with placeholders.
  var claims: [String: Int] = [:]
  var workspace: Int?
  var deletions: [DeletionTask] = []

  static let workspacePath = "/kfp-workspace"
  private static let workspaceMark = "{{$.workspace_path}}"
  static let runName = "{{$.pipeline_job_resource_name}}"

  init(pipeline: Node, platform: Node?) {
    self.pipeline = pipeline
    self.platform = platform
  }

  /// A value that a task is given.
  enum Argument {
    case text(String, Node)
    /// The name of a claim that the run makes.
    case claim(Int)
    case unknown
  }

  /// What is known where the tasks of a component run.
  struct Call {
    var arguments: [String: Argument] = [:]
    var depth = 0
    var isParallel = false
    /// Whether it waits for something that can fail.
    var waits = false
  }

  mutating func read(_ tasks: Node, _ builder: inout ModelBuilder) {
    let configuration = platform?["pipelineConfig"]
    run.removesPods = (configuration?["resourceTtlOnCompletion"] ?? configuration?["pipelineTtl"]) != nil
    if let node = configuration?["workspace"] { readWorkspace(node, &builder) }
    _ = walk(tasks, Call(), &builder)
    connect(builder.model)
  }

  private mutating func readWorkspace(_ node: Node, _ builder: inout ModelBuilder) {
    let patch = node["kubernetes", "pvcSpecPatch"]
    var claim = Claim(
      name: Entry(text: "\(Self.runName)-kfp-workspace", place: node.place), title: "workspace", maker: .template,
      place: node.place)
    claim.storageClass = ClaimReader.field(patch?["storageClassName"], missing: node.place)
    claim.size = ClaimReader.field(node["size"], missing: node.place)
    // What the patch leaves out is in the configuration of the API server.
    claim.modes = patch?["accessModes"].map(ClaimReader.entries)
    workspace = builder.add(claim)
  }

  /// Links names to the claims of the run, whose tasks may stand anywhere.
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

  private mutating func walk(_ tasks: Node, _ call: Call, _ builder: inout ModelBuilder) -> (begin: Int, end: Int) {
    let (begin, end) = (run.order.node(), run.order.node())
    run.order.add(begin, before: end)
    guard builder.spend(tasks.count * 20) else {
      run.isComplete = false
      return (begin, end)
    }
    let fields = tasks.fields
    // What makes a claim first, so that its name is known.
    var outputs: [String: Argument] = [:]
    for (name, task) in fields where isCreation(task) {
      outputs[name] = create(task, call, &builder).map { .claim($0) } ?? .unknown
    }
    var spans: [String: (begin: Int, end: Int)] = [:]
    let inputs = fields.reduce(0) { sum, field in
      sum + (field.node["inputs", "parameters"]?.count ?? 0) + (field.node["dependentTasks"]?.count ?? 0)
    }
    guard builder.spend(inputs) else {
      run.isComplete = false
      return (begin, end)
    }
    for (name, task) in fields {
      var inner = Call(depth: call.depth + 1, isParallel: call.isParallel || Self.isLoop(task))
      for (key, value) in task["inputs", "parameters"]?.fields ?? [] {
        inner.arguments[key] = argument(value, call, outputs)
      }
      let waitsForAll = task["triggerPolicy", "strategy"]?.text == "ALL_UPSTREAM_TASKS_COMPLETED"
      inner.waits = (call.waits || !Self.needs(task).isEmpty) && !waitsForAll
      spans[name] = walk(task, name, inner, outputs, &builder)
    }
    var graph = TaskGraph()
    for (name, task) in fields {
      graph.add(name, at: task.place, needs: Self.needs(task).map { Entry(text: $0, place: task.place) })
    }
    graph.report(to: &builder)
    for (name, task) in fields {
      guard let span = spans[name] else { continue }
      run.order.add(begin, before: span.begin)
      run.order.add(span.end, before: end)
      for other in Self.needs(task) { if let earlier = spans[other] { run.order.add(earlier.end, before: span.begin) } }
    }
    return (begin, end)
  }

  /// Follows a task into its component.
  private mutating func walk(
    _ task: Node, _ name: String, _ call: Call, _ outputs: [String: Argument], _ builder: inout ModelBuilder
  ) -> (begin: Int, end: Int)? {
    guard let reference = task["componentRef", "name"], let title = reference.text else {
      builder.report(task.place, "task \(name.quoted) names no component")
      return nil
    }
    guard let component = pipeline["components", title] else {
      builder.report(reference.place, "there is no component \(title.quoted)", hint: "compile the pipeline again")
      return nil
    }
    guard call.depth <= 30, builder.takeStep() else {
      run.isComplete = false
      return nil
    }
    if let tasks = component["dag", "tasks"] { return walk(tasks, call, &builder) }
    guard let label = component["executorLabel"], let executor = label.text else { return nil }
    guard let definition = pipeline["deploymentSpec", "executors", executor] else {
      builder.report(label.place, "there is no executor \(executor.quoted)", hint: "compile the pipeline again")
      return nil
    }
    let node = run.order.node()
    let image = definition["container", "image"]?.text ?? ""
    if image == "argostub/deletepvc" {
      readDeletion(task, name, call)
    } else if image != "argostub/createpvc", let container = definition["container"] {
      run.steps.append(
        pod(task, name, container, platform?["deploymentSpec", "executors", executor], call, outputs, node, &builder))
    }
    return (node, node)
  }

  private func isCreation(_ task: Node) -> Bool {
    guard let title = task["componentRef", "name"]?.text,
      let executor = pipeline["components", title]?["executorLabel"]?.text
    else { return false }
    return pipeline["deploymentSpec", "executors"]?[executor]?["container", "image"]?.text == "argostub/createpvc"
  }

  /// `CreatePVC`.
  private mutating func create(_ task: Node, _ call: Call, _ builder: inout ModelBuilder) -> Int? {
    guard builder.takeStep() else {
      run.isComplete = false
      return nil
    }
    let inputs = task["inputs", "parameters"]
    func entry(_ key: String) -> Claim.Field {
      guard let value = inputs?[key] else { return .missing(task.place) }
      guard case .text(let text, let node) = argument(value, call, [:]) else { return .unknown }
      return .entry(Entry(text: text, place: node.place))
    }
    let title = task["taskInfo", "name"]?.text ?? "createpvc"
    var name = entry("pvc_name").entry
    if name?.text == "" { name = nil }
    if name == nil, let suffix = entry("pvc_name_suffix").entry {
      name = Entry(text: "\(Self.runName)-\(suffix.text)", place: suffix.place)
    }
    var claim = Claim(
      name: name, title: name.map { $0.isOpen ? title : $0.text } ?? title, maker: .step(isOwned: false),
      place: name?.place ?? task.place)
    claim.storageClass = entry("storage_class_name")
    if claim.storageClass.entry?.text == "", let place = claim.storageClass.entry?.place {
      claim.storageClass = .missing(place)
    }
    claim.size = entry("size")
    claim.modes = inputs?["access_modes", "runtimeValue", "constant"].map(ClaimReader.entries)
    claim.isCopy = inputs?["data_source"] != nil
    claim.isStatic = entry("volume_name").entry.map { !$0.text.isEmpty } ?? (inputs?["volume_name"] != nil)
    let index = builder.add(claim)
    if let name { claims[name.text] = index }
    if let caching = Self.caching(task) {
      run.cachedTasks.append(CachedTask(claim: index, name: title, place: caching))
    }
    return index
  }

  private mutating func readDeletion(_ task: Node, _ name: String, _ call: Call) {
    var entry: Entry?
    switch call.arguments["pvc_name"] {
    case .text(let text, let node): entry = Entry(text: text, place: node.place)
    case .claim(let claim): entry = claims.first { $0.value == claim }.map { Entry(text: $0.key, place: task.place) }
    case .unknown, nil: break
    }
    deletions.append(
      DeletionTask(
        name: entry, title: name, place: task.place, isSkipped: call.waits, caching: Self.caching(task)))
  }

  /// The value of a parameter of a task.
  func argument(_ value: Node, _ call: Call, _ outputs: [String: Argument]) -> Argument {
    if let constant = value["runtimeValue", "constant"] {
      return constant.text.map { .text($0, constant) } ?? .unknown
    }
    if let name = value["componentInputParameter"]?.text { return call.arguments[name] ?? .unknown }
    if value["taskOutputParameter", "outputParameterKey"]?.text == "name",
      let producer = value["taskOutputParameter", "producerTask"]?.text
    {
      return outputs[producer] ?? .unknown
    }
    return .unknown
  }

  static func caching(_ task: Node) -> Place? {
    guard let caching = task["cachingOptions", "enableCache"], caching.bool == true else { return nil }
    return caching.place
  }

  private static func isLoop(_ task: Node) -> Bool {
    guard let loop = ["parameterIterator", "artifactIterator"].compactMap({ task[$0] }).first else { return false }
    return loop["iteratorPolicy", "parallelismLimit"]?.int != 1 && task["iteratorPolicy", "parallelismLimit"]?.int != 1
  }

  /// The tasks for which a task waits.
  private static func needs(_ task: Node) -> [String] {
    let values = ["parameters", "artifacts"].flatMap { task["inputs", $0]?.fields ?? [] }.map(\.node)
    let producers = values.compactMap {
      ($0["taskOutputParameter", "producerTask"] ?? $0["taskOutputArtifact", "producerTask"])?.text
    }
    return producers + (task["dependentTasks"]?.texts ?? [])
  }

  /// The claim of the workspace where a text names its path.
  func usesWorkspace(_ text: String) -> Bool { text.firstRange(of: Self.workspaceMark) != nil }

  /// A text in which the path of the workspace is filled in.
  static func located(_ text: String) -> String { text.replacing(workspaceMark, with: workspacePath) }
}
