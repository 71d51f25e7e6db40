import ArgumentParser
import ClusterInventory
import Coordination
import Deployer
import Inspection
import KubernetesClient
import KubernetesObjects
import Support

/// The group of commands that find out why something does not work.
struct DebugCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "debug", abstract: "Find the broken link between a pod and its memory.",
    discussion: """
      Follows pod, claim, class, volume, node plugin, store, socket and quota. ✔ holds, ⚠ is worth a look, ✗ is broken; a \
      hint says what to do. Exit status: 0 the chain holds, 1 a link is broken, 4 there is no such thing.
      """.withExamples(
        "vineyardctl debug pod team/train-7", "vineyardctl debug pvc team/handover", "vineyardctl debug store node-1"),
    subcommands: [DebugPod.self, DebugClaim.self, DebugStore.self])
}

/// The name of something in a namespace, and the connection to its cluster.
struct DebugArguments: ParsableArguments {
  @OptionGroup var format: FormatArguments

  @Option(
    name: .customLong("system-namespace"),
    help: ArgumentHelp("Namespace of operator and driver.", valueName: "name"), completion: .namespaces)
  var system = "vineyard-system"

  @OptionGroup(title: "Cluster") var connection: ConnectionArguments

  mutating func validate() throws { try DNSLabel.require(system, of: "--system-namespace") }

  /// Namespace and name of `NAME` or `NAMESPACE/NAME`.
  ///
  /// - Parameter fallback: the namespace where neither the word nor a flag says one.
  func place(_ word: String, _ context: CommandContext, fallback: String) throws -> (namespace: String, name: String) {
    let parts = word.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard (1...2).contains(parts.count), parts.allSatisfy({ !$0.isEmpty }) else {
      throw ProgramError(.usage, "invalid name '\(word.printable(120))'", hint: "write NAME or NAMESPACE/NAME")
    }
    if parts.count == 2 {
      try DNSLabel.require(parts[0], of: "namespace")
      return (parts[0], parts[1])
    }
    return (context.flags.names("namespace") ? connection.namespace : fallback, parts[0])
  }

  /// Walks and prints what was found.
  ///
  /// - Throws: `ProgramError` with code `failed` when a link is broken.
  func run(
    _ context: CommandContext, _ walk: (inout ChainWalk, KubernetesClient) async throws -> Void
  ) async throws {
    let client = try Session(connection, context).client()
    var chain = ChainWalk(client: client, system: system) { try await $0.survey(client) }
    try await walk(&chain, client)
    context.print(PrintableFindings(chain.findings), format.output)
    guard let broken = chain.broken else { return }
    throw ProgramError(.failed, "\(broken.group): \(broken.text)", hint: broken.hint)
  }
}

/// Follows the chain of a pod.
struct DebugPod: AsyncContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "pod", abstract: "Find out why a pod does not get its volume.",
    discussion: "Without a namespace the pod is looked for in that of the kubeconfig.".withExamples(
      "vineyardctl debug pod team/train-7"))

  @Argument(help: ArgumentHelp("The pod.", valueName: "namespace/name"))
  var pod: String

  @OptionGroup var arguments: DebugArguments

  mutating func run(_ context: CommandContext) async throws {
    let (arguments, word) = (arguments, pod)
    try await arguments.run(context) { chain, client in
      let place = try arguments.place(word, context, fallback: client.defaultNamespace)
      try await chain.walk(pod: place.name, namespace: place.namespace)
    }
  }
}

/// Follows the chain of a claim.
struct DebugClaim: AsyncContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "pvc", abstract: "Find out why a claim gets no volume, or its volume does not work.",
    discussion: "Without a namespace the claim is looked for in that of the kubeconfig.".withExamples(
      "vineyardctl debug pvc team/handover"),
    aliases: ["claim"])

  @Argument(help: ArgumentHelp("The claim.", valueName: "namespace/name"))
  var claim: String

  @OptionGroup var arguments: DebugArguments

  mutating func run(_ context: CommandContext) async throws {
    let (arguments, word) = (arguments, claim)
    try await arguments.run(context) { chain, client in
      let place = try arguments.place(word, context, fallback: client.defaultNamespace)
      try await chain.walk(claim: place.name, namespace: place.namespace)
    }
  }
}

/// Follows the chain of a store.
struct DebugStore: AsyncContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "store", abstract: "Find out what is wrong with a store, by its pod or its node.",
    discussion: "".withExamples("vineyardctl debug store node-1", "vineyardctl debug store vineyardd-sample-7d4f-x2k"))

  @Argument(help: ArgumentHelp("The pod of the store, or its node.", valueName: "name"))
  var store: String

  @OptionGroup var arguments: DebugArguments

  mutating func run(_ context: CommandContext) async throws {
    let (arguments, word) = (arguments, store)
    try await arguments.run(context) { chain, _ in
      let place = try arguments.place(word, context, fallback: arguments.connection.namespace)
      try await chain.walk(store: place.name, namespace: place.namespace)
    }
  }
}

extension StorePod {
  /// Asks the store for its volumes and its state, by port-forward.
  ///
  /// - Throws: `ProgramError`, and as every call of `KubernetesClient`.
  func survey(_ client: KubernetesClient) async throws -> StoreSurvey {
    let token = try await StorePods(client: client, namespace: namespace).adminToken(ofCluster: cluster).token
    return try await client.withPortForward(pod: name, namespace: namespace, port: Int(port)) { local in
      let access = StoreConnection.Access(.network(host: "127.0.0.1", port: UInt16(local)), adminToken: token)
      return try await onThread(named: "inspect") { try StoreSurvey(access) }
    }
  }
}
