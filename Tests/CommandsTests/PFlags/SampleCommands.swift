import ArgumentParser
import Support

@testable import Commands

/// A tree of commands in the shape of those that talk to a cluster.
struct SampleRoot: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "vineyardctl", version: "vineyardctl version 0", subcommands: [SampleDeploy.self, SampleList.self])
}

/// A group.
struct SampleDeploy: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "deploy", abstract: "Deploy things.", subcommands: [SampleDriver.self, SampleCluster.self])
}

/// A command with flags of every kind; it prints what it understood.
struct SampleDriver: ContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "csidriver", abstract: "Deploy the driver.", discussion: "It is a CSI driver.")

  @OptionGroup var connection: ConnectionArguments
  @OptionGroup var waiting: WaitArguments
  @OptionGroup var creation: NamespaceCreationArguments
  @Option(name: .shortAndLong, help: "Image.") var image = "img"
  @Option(name: .customLong("vineyardd.image")) var storeImage = ""
  @Option var clusters: [String] = []
  @Option(name: .shortAndLong) var limit = 5
  @Flag(name: .customLong("enableToleration")) var toleration = false
  @Flag(name: .shortAndLong) var force = false
  @Flag(name: .customShort("q"), inversion: .prefixedNo) var quiet = false

  mutating func run(_ context: CommandContext) throws {
    let fields: KeyValuePairs = [
      "namespace": connection.namespace, "kubeconfig": connection.kubeconfig ?? "-",
      "verbose": "\(connection.verbose)", "wait": "\(waiting.wait)", "timeout": "\(waiting.limit?.description ?? "-")",
      "create": "\(creation.createsNamespace)", "image": image, "store": storeImage,
      "clusters": clusters.joined(separator: "|"), "limit": "\(limit)", "toleration": "\(toleration)",
      "force": "\(force)",
    ]
    context.output(fields.map { "\($0): \"\($1)\"\n" }.joined())
  }
}

/// A command that takes arguments and few of the persistent flags.
struct SampleCluster: ContextCommand {
  static let configuration = CommandConfiguration(commandName: "vineyard-cluster", aliases: ["cluster"])

  @OptionGroup var connection: ConnectionArguments
  @Argument var files: [String] = []

  mutating func run(_ context: CommandContext) throws {
    context.output("\(connection.namespace) \(files.joined(separator: "|"))\n")
  }
}

/// A command that talks to no cluster.
struct SampleList: ContextCommand {
  static let configuration = CommandConfiguration(commandName: "ls")

  @Flag(name: .shortAndLong) var regex = false

  mutating func run(_ context: CommandContext) throws { context.output("regex \(regex)\n") }
}
