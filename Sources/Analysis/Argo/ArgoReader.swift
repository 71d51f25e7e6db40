/// Reads workflows of Argo, which runs of Kubeflow 1 are, too.
///
/// Source: argo-workflows.readthedocs.io, "Field Reference" (WorkflowSpec, Template, DAGTask, WorkflowStep).
struct ArgoReader {
  static let kinds: Set<String> = ["Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow"]

  /// Templates of the WorkflowTemplates in the files, by `name/template`.
  private(set) var library: [String: Node] = [:]

  /// Notes the templates that other workflows may call.
  mutating func collect(_ node: Node, kind: String) {
    guard kind == "WorkflowTemplate" || kind == "ClusterWorkflowTemplate", let name = node["metadata", "name"]?.text
    else { return }
    for template in node["spec", "templates"]?.elements ?? [] {
      if let title = template["name"]?.text { library["\(name)/\(title)"] = template }
    }
  }

  /// Reads one document.
  func read(_ node: Node, kind: String, _ builder: inout ModelBuilder) {
    let specification = kind == "CronWorkflow" ? node["spec", "workflowSpec"] : node["spec"]
    guard let specification, specification.isObject else {
      let name = kind == "CronWorkflow" ? "spec.workflowSpec" : "spec"
      return builder.report(node.place, "\(kind) has no \(name)")
    }
    // The workflow of a template: its pods are those of the other document.
    if specification["workflowTemplateRef"] != nil { return }
    guard let templates = specification["templates"]?.elements, !templates.isEmpty else {
      return builder.report(specification.place, "\(kind) has no templates", hint: "write spec.templates")
    }
    let first = builder.claimCount
    var run = ArgoRun(
      specification: specification, templates: templates, library: library,
      namespace: node["metadata", "namespace"]?.text)
    run.run.isRepeated = kind != "Workflow" || node["metadata", "generateName"] != nil
    run.read(kind, &builder)
    builder.add(run.run, claimsFrom: first)
  }
}
