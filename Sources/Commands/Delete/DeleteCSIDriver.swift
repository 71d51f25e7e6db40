import ArgumentParser
import Deployer
import Documents

/// Deletes a CSI driver.
struct DeleteCSIDriver: AsyncContextCommand {
  static let configuration = CommandConfiguration(
    commandName: CSIDriverTarget.commandName, abstract: "Delete \(CSIDriverTarget.summary).")

  @Option(help: ArgumentHelp("Name of the driver.", valueName: "name"))
  var name = CSIDriverArguments.defaultName
  @OptionGroup var arguments: DeleteArguments

  func validate() throws { try DNSLabel.require(name, of: "--name") }

  mutating func run(_ context: CommandContext) async throws {
    let removal = try Removal(arguments, context)
    try await removal.remove(
      "csidriver \(name)", [CSIDriverTarget.resource(name)], classes: removal.storageClasses(ofDriver: name),
      mayEmptyNamespace: false)
  }
}
