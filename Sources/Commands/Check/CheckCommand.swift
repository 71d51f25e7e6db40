import ArgumentParser
import Deployer
import KubernetesObjects
import Manifests
import Support

/// Checks a cluster before or after a deployment.
struct CheckCommand: AsyncContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Check whether a cluster can take Vineyard, and whether what is deployed is well.",
    discussion: """
      ✔ passed, ⚠ a warning, ✗ failed; a hint says what to do. Exit status: 0 nothing failed, 1 something did.
      """.withExamples("vineyardctl check --pre --size 8Gi", "vineyardctl check -o json"))

  @Flag(help: "Check only what matters before a deployment.")
  var pre = false

  @Option(help: ArgumentHelp("Memory for one store, such as 4Gi.", valueName: "size"))
  var size: String?

  @OptionGroup var format: OutputArguments

  @OptionGroup var images: ImageArguments
  @OptionGroup(title: "Cluster") var connection: ConnectionArguments

  func validate() throws { _ = try bytes() }

  private func bytes() throws -> UInt64? {
    guard let size else { return nil }
    guard let bytes = try ByteSize.parse(size)?.bytes else {
      throw ProgramError(.usage, "invalid --size '\(size)'", hint: "write a number above zero and a unit, such as 4Gi")
    }
    return bytes
  }

  mutating func run(_ context: CommandContext) async throws {
    let session = Session(connection, context)
    var target = try VineyardClusterTarget.parse([])
    target.images = images
    let builder = try PlanBuilder(
      target: target, connection: connection, creation: NamespaceCreationArguments(creating: true), context)
    var subject = ClusterCheck.Subject(
      namespace: connection.namespace, objects: try builder.offlinePlan().plan.objects,
      image: target.image(context.host), size: try bytes(), isBeforehand: pre)
    subject.workloads = try workloads(images.options(context.host))
    let cluster = try await ClusterCheck(client: try session.client(), subject: subject, log: session.log).run()
    let findings = cluster + PythonCheck.findings(context.host.environment)
    context.output(format.output.text(PrintableFindings(findings), context.outputPalette))
    let failures = findings.count { $0.outcome == .failed }
    guard failures > 0 else { return }
    throw ProgramError(
      .failed, "\(failures) \(failures == 1 ? "check" : "checks") failed", hint: "the lines with ✗ say what to do")
  }
}

extension CheckCommand {
  /// The workloads of an operator, a cluster and a driver, to try whether their pods are admitted.
  private func workloads(_ image: ImageOptions) throws -> [KubernetesObject] {
    var cluster = VineyarddSpec()
    cluster.namespace = connection.namespace
    cluster.store.image = image.image
    cluster.imageRegistry = image.registry
    cluster.store.size = size ?? ""
    var driver = CSIDriverSpec()
    driver.clusters = [CSIDriverSpec.Cluster(namespace: cluster.namespace, name: cluster.name)]
    driver.image = image.image
    driver.imageRegistry = image.registry
    let objects =
      try Manifests.operatorObjects(OperatorOptions(namespace: connection.namespace, image: image))
      + Manifests.vineyardd(cluster, uid: nil, controlledByOperator: false)
      + Manifests.csiDriver(driver, namespace: connection.namespace)
    return objects.filter { $0.tree["spec", "template"] != nil }
  }
}
