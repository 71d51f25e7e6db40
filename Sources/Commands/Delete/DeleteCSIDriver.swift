import ArgumentParser
import Deployer
import Documents

/// Deletes a CSI driver.
struct DeleteCSIDriver: AsyncContextCommand {
  static let configuration = CommandConfiguration(
    commandName: CSIDriverTarget.commandName, abstract: "Delete \(CSIDriverTarget.summary).",
    discussion: "".withExamples("vineyardctl delete csidriver --name csidriver-sample"))

  @Option(help: ArgumentHelp("Name of the driver.", valueName: "name"))
  var name = CSIDriverArguments.defaultName
  @OptionGroup var arguments: DeleteArguments

  func validate() throws { try DNSLabel.require(name, of: "--name") }

  mutating func run(_ context: CommandContext) async throws {
    let removal = try Removal(arguments, context)
    let live = try await LiveResources.read(removal.client, namespace: arguments.namespace)
    try removal.requireKnown("csidriver", name, in: nil, among: live.drivers)
    let leases = removal.sidecarLeases(live, withoutDrivers: [name])
    var request = Removal.Request(title: "csidriver \(name)", objects: leases + [CSIDriverTarget.resource(name)])
    request.volumes = try await removal.volumes(ofDriver: name, live)
    request.takesDriver = true
    request.mayEmptyNamespace = false
    try await removal.remove(request)
  }
}
