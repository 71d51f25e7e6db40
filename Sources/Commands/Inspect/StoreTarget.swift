import ClusterInventory
import Coordination
import Inspection
import KubernetesClient
import KubernetesObjects
import Logging
import Support

/// A store that a command looks into.
struct StoreOrigin: Sendable, Hashable {
  /// Its pod, or its address.
  let label: String
  /// Its node; empty where nobody says it.
  let node: String
  /// Its cluster as `namespace/name`; empty outside of Kubernetes.
  let cluster: String
}

/// The stores that the flags of a command name, and a way to each of them.
struct StoreTargets: Sendable {
  private enum Way: Sendable {
    case direct(StoreConnection.Access)
    case pod(StorePod, port: UInt16, token: String?, KubernetesClient)
  }

  private var ways: [(origin: StoreOrigin, way: Way)]
  /// Lines about what cannot be seen.
  let notes: [String]
  /// The cluster that they are in; nil for a store that is reached directly.
  let client: KubernetesClient?
  let log: Logger

  /// Stores that are asked at a time.
  private static let width = 8

  /// Finds the stores.
  ///
  /// - Throws: `ProgramError` with code `notFound` when there is none.
  init(_ arguments: StoreArguments, _ context: CommandContext) async throws {
    log = arguments.connection.log(context)
    if let address = try Self.address(arguments, context) {
      var token: String?
      if let file = arguments.adminTokenFile {
        token = try await context.waiting { try $0.readFile(file).trimmingBlanks() }
        if token == "" { throw ProgramError(.usage, "the admin token in \(file) is empty") }
      }
      let origin = StoreOrigin(label: "\(address)", node: "", cluster: "")
      ways = [(origin, .direct(StoreConnection.Access(address, adminToken: token)))]
      (notes, client) = ([], nil)
      return
    }
    let client = try Session(arguments.connection, context).client()
    self.client = client
    let namespace = arguments.connection.namespace
    let finder = StorePods(client: client, namespace: namespace)
    let pods = try await finder.find(cluster: arguments.cluster)
    let ready = pods.filter { $0.isReady && (arguments.node == nil || $0.node == arguments.node) }
    guard !ready.isEmpty else { throw Self.nothing(pods, arguments) }
    var notes = pods.filter { !$0.isReady && (arguments.node == nil || $0.node == arguments.node) }
      .map { "the store \($0.name) is not ready" }
    var tokens: [String: String] = [:]
    for cluster in Set(ready.map(\.cluster)).sorted() {
      let found = try await finder.adminToken(ofCluster: cluster)
      tokens[cluster] = found.token
      if let note = found.note { notes.append(note) }
    }
    self.notes = notes
    ways = ready.map { pod in
      let origin = StoreOrigin(label: pod.name, node: pod.node, cluster: "\(pod.namespace)/\(pod.cluster)")
      return (origin, .pod(pod, port: arguments.port ?? pod.port, token: tokens[pod.cluster], client))
    }
  }

  /// The address of the one store that flags or the environment name; nil for the stores of a cluster.
  private static func address(_ arguments: StoreArguments, _ context: CommandContext) throws -> StoreAddress? {
    if let socket = arguments.socket { return .socket(socket) }
    if let endpoint = arguments.endpoint { return try StoreAddress(endpoint: endpoint) }
    if arguments.cluster != nil || arguments.node != nil
      || !context.flags.values.keys.allSatisfy({ !clusterFlags.contains($0) })
    {
      return nil
    }
    if let socket = context.host.environment("VINEYARD_IPC_SOCKET"), !socket.isEmpty { return .socket(socket) }
    if let endpoint = context.host.environment("VINEYARD_RPC_SOCKET"), !endpoint.isEmpty {
      return try StoreAddress(endpoint: endpoint)
    }
    return nil
  }

  /// Flags that name a cluster, which then is meant whatever the environment says.
  private static let clusterFlags: Set<String> = ["kubeconfig", "context", "server", "namespace", "claim"]

  private static func nothing(_ pods: [StorePod], _ arguments: StoreArguments) -> ProgramError {
    let namespace = arguments.connection.namespace
    let whose = arguments.cluster.map { " of \($0)" } ?? ""
    if pods.isEmpty {
      return ProgramError(
        .notFound, "no store\(whose) runs in the namespace '\(namespace)'",
        hint: "-n names another namespace, --ipc-socket or --rpc-socket a store outside of it")
    }
    if let node = arguments.node, !pods.contains(where: { $0.node == node }) {
      return ProgramError(
        .notFound, "no store\(whose) runs on the node '\(node.printable())'",
        cause: "they run on \(Set(pods.map(\.node)).sorted().shortList)")
    }
    return ProgramError(
      .notReady, "no store\(whose) in the namespace '\(namespace)' is ready", hint: "'vineyardctl status' says why")
  }

  /// One of the stores alone.
  func only(_ origin: StoreOrigin) -> StoreTargets {
    var targets = self
    targets.ways.removeAll { $0.origin != origin }
    return targets
  }

  var origins: [StoreOrigin] { ways.map(\.origin) }

  /// Asks each store.
  ///
  /// - Parameter ask: blocks; it runs on a thread of its own.
  /// - Returns: answers and failures in the order of the stores.
  /// - Throws: `ProgramError` when no store answers, `CancellationError`.
  func each<Answer: Sendable>(
    _ ask: @escaping @Sendable (StoreConnection.Access, StoreOrigin) throws -> Answer
  ) async throws -> StoreAnswers<Answer> {
    let permits = AsyncSemaphore(permits: Self.width)
    let results = try await ways.mapConcurrently { (origin, way) in
      let result = await permits.withPermit { await Self.ask(way, origin, ask) }
      guard let result else { throw CancellationError() }
      return (origin, result)
    }
    try Task.checkCancellation()
    let answers = StoreAnswers(results)
    if answers.found.isEmpty, let failure = answers.failures.first { throw failure.error }
    return answers
  }

  private static func ask<Answer: Sendable>(
    _ way: Way, _ origin: StoreOrigin, _ ask: @escaping @Sendable (StoreConnection.Access, StoreOrigin) throws -> Answer
  ) async -> Result<Answer, ProgramError> {
    do {
      switch way {
      case .direct(let access): return .success(try await onThread(named: "inspect") { try ask(access, origin) })
      case .pod(let pod, let port, let token, let client):
        let answer = try await client.withPortForward(pod: pod.name, namespace: pod.namespace, port: Int(port)) {
          local in
          let address = StoreAddress.network(host: "127.0.0.1", port: UInt16(local))
          let access = StoreConnection.Access(address, adminToken: token, timeout: .seconds(20))
          return try await onThread(named: "inspect") { try ask(access, origin) }
        }
        return .success(answer)
      }
    } catch {
      let told = CommandError(told: error)?.error ?? ProgramError(.failed, "\(error)")
      return .failure(told)
    }
  }
}

/// Answers of stores, and failures to answer.
struct StoreAnswers<Answer: Sendable>: Sendable {
  let found: [(origin: StoreOrigin, answer: Answer)]
  let failures: [(origin: StoreOrigin, error: ProgramError)]

  init(_ results: [(StoreOrigin, Result<Answer, ProgramError>)]) {
    found = results.compactMap { origin, result in (try? result.get()).map { (origin, $0) } }
    failures = results.compactMap { origin, result in
      if case .failure(let error) = result { (origin, error) } else { nil }
    }
  }

  /// A line for each store that did not answer.
  var notes: [String] { failures.map { "the store \($0.origin.label) is not shown: \($0.error.description)" } }
}
