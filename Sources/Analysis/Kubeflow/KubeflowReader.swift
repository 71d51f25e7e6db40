/// Reads pipelines of Kubeflow 2 as its compiler writes them.
///
/// Source: kubeflow/pipelines, api/v2alpha1/pipeline_spec.proto, kubernetes_platform/proto/kubernetes_executor_config.proto.
struct KubeflowReader {
  /// Whether a document is a pipeline, perhaps inside a job.
  static func pipeline(in node: Node) -> Node? {
    if node["schemaVersion"]?.text?.hasPrefix("2.") == true { return node }
    guard let inner = node["pipelineSpec"], inner["schemaVersion"]?.text?.hasPrefix("2.") == true else { return nil }
    return inner
  }

  /// Whether a document is the part of a pipeline that is for Kubernetes.
  static func platform(in node: Node) -> Node? { node["platforms", "kubernetes"] }

  /// Reads a pipeline.
  ///
  /// - Parameter platform: the part for Kubernetes, nil without one.
  static func read(_ node: Node, platform: Node?, _ builder: inout ModelBuilder) {
    guard let tasks = node["root", "dag", "tasks"], tasks.isObject else {
      return builder.report(node.place, "the pipeline has no tasks", hint: "root.dag.tasks; compile it again")
    }
    let first = builder.claimCount
    var run = KubeflowRun(pipeline: node, platform: platform)
    run.read(tasks, &builder)
    builder.add(run.run, claimsFrom: first)
  }
}
