import ArgumentParser
import Manifests

/// The flags for the webhook of the operator.
struct WebhookArguments: ParsableArguments {
  @Option(
    name: .customLong("webhook"),
    help: ArgumentHelp(
      "Whether the API server asks the operator about resources; off leaves the rules to definitions and operator.",
      valueName: "on|off"))
  var webhook: Switch = .on

  @Option(
    name: .customLong("webhook.port"),
    help: ArgumentHelp("Port of the webhook in its pod, which the API server must reach.", valueName: "port"))
  var port = WebhookOptions.defaultPort

  @Flag(
    name: .customLong("webhook.host-network"), inversion: .prefixedNo,
    help: "Run the operator in the network of its node, for API servers that cannot reach pods.")
  var usesHostNetwork = false

  /// Something that is on or off.
  enum Switch: String, ExpressibleByArgument, CaseIterable {
    case on, off
  }

  /// What the flags say.
  var options: WebhookOptions {
    var options = WebhookOptions()
    options.isEnabled = webhook == .on
    options.port = port
    options.usesHostNetwork = usesHostNetwork
    return options
  }
}
