import ArgumentParser
import Manifests
import Support

/// The flags for images of this program.
struct ImageArguments: ParsableArguments {
  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Image of vineyardctl; default: $VINEYARDCTL_IMAGE, then \(ImageOptions.vineyardctl).", valueName: "image"))
  var image: String?

  @Option(name: .customLong("imagePullPolicy"), help: ArgumentHelp("When nodes pull it.", valueName: "policy"))
  var pullPolicy = "IfNotPresent"

  @Option(
    name: .customLong("image-registry"),
    help: ArgumentHelp("Registry that all images come from instead of their own.", valueName: "registry"))
  var registry: String?

  /// The names of these flags.
  static let names: Set = ["image", "imagePullPolicy", "image-registry"]

  /// The image that flags and environment name.
  func options(_ host: HostFacts) -> ImageOptions {
    ImageOptions(
      image: image ?? host.nonEmpty("VINEYARDCTL_IMAGE") ?? ImageOptions.vineyardctl, pullPolicy: pullPolicy,
      registry: registry)
  }
}

extension String {
  /// nil when empty: an empty value of a flag counts as none.
  var nonEmpty: String? { isEmpty ? nil : self }
}
