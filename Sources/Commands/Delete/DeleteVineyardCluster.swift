import ArgumentParser
import Deployer
import KubernetesObjects

/// Deletes the operator and the cluster it runs.
struct DeleteVineyardCluster: AsyncContextCommand {
  static let configuration = CommandConfiguration(
    commandName: VineyardClusterTarget.commandName, abstract: "Delete \(VineyardClusterTarget.summary).",
    discussion: """
      Goes backwards: CSI drivers that serve only this cluster, the cluster, the operator, the definitions, and the \
      namespace if --create-namespace made it and nothing else is in it. The operator and the definitions stay while \
      another cluster or driver needs them.
      """.withExamples("vineyardctl delete vineyard-cluster --timeout 10m"))

  @Option(help: ArgumentHelp("Name of the cluster.", valueName: "name"))
  var name = VineyarddArguments.defaultName
  @OptionGroup var arguments: DeleteArguments

  func validate() throws { try DNSLabel.require(name, of: "--name") }

  mutating func run(_ context: CommandContext) async throws {
    let removal = try Removal(arguments, context)
    let cluster = "\(arguments.namespace)/\(name)"
    let live = try await LiveResources.read(removal.client, namespace: arguments.namespace)
    try removal.requireKnown("vineyard cluster", name, in: arguments.namespace, among: live.clusters)
    let drivers = live.driversServingOnly(cluster)
    let own = drivers + [VineyarddTarget.resource(name, in: arguments.namespace)]
    let leftBehind = try await LabelledObjects(client: removal.client, namespace: arguments.namespace, name: name)
      .leftBehind()
    let leases = drivers.isEmpty ? [] : removal.sidecarLeases(live, withoutDrivers: Set(drivers.map(\.name)))
    var request = Removal.Request(title: "vineyard cluster \(cluster)", objects: leases + leftBehind + own)
    let remaining = live.remaining(without: own)
    if let first = remaining.first {
      try await removal.requireDispensable(for: remaining)
      removal.session.story.tell(.action, "the operator stays: \(first.reference) needs it")
    } else {
      try await removal.requireOperatorHere()
      request.objects = try OperatorTarget.allObjects(in: arguments.namespace) + request.objects
    }
    request.volumes = try await removal.volumes(ofCluster: cluster)
    request.takesDriver = !drivers.isEmpty
    request.loss = Removal.Request.storesLoss
    try await removal.remove(request)
  }
}

extension Removal.Request {
  static let storesLoss = "what its stores hold is lost"
}
