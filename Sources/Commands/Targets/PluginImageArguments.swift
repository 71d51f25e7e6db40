import ArgumentParser
import Manifests

/// The flags for images of the jobs on objects (`--pluginImage.…`).
struct PluginImageArguments: ParsableArguments {
  @Option(name: .customLong("pluginImage.backupImage"), help: ArgumentHelp("Image of backup jobs.", valueName: "image"))
  var backup: String?

  @Option(
    name: .customLong("pluginImage.recoverImage"), help: ArgumentHelp("Image of recovery jobs.", valueName: "image"))
  var recover: String?

  @Option(
    name: .customLong("pluginImage.daskRepartitionImage"),
    help: ArgumentHelp("Image of repartition jobs.", valueName: "image"))
  var daskRepartition: String?

  @Option(
    name: .customLong("pluginImage.localAssemblyImage"),
    help: ArgumentHelp("Image of local assembly jobs.", valueName: "image"))
  var localAssembly: String?

  @Option(
    name: .customLong("pluginImage.distributedAssemblyImage"),
    help: ArgumentHelp("Image of distributed assembly jobs.", valueName: "image"))
  var distributedAssembly: String?

  func apply(to images: inout VineyarddSpec.PluginImages) {
    images.backupImage = backup
    images.recoverImage = recover
    images.daskRepartitionImage = daskRepartition
    images.localAssemblyImage = localAssembly
    images.distributedAssemblyImage = distributedAssembly
  }
}
