import ArgumentParser
import Coordination
import Deployer
import KubernetesClient
import KubernetesObjects
import Support

extension Component: ExpressibleByArgument {}

/// Prints what the components wrote.
struct LogsCommand: AsyncContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "logs", abstract: "Print the logs of all components, or of some.",
    discussion: """
      Each line begins with its pod and container. Components: operator, store, etcd, csi-driver (the controller), \
      csi-nodes (the node plugins). Exit status: 0 done, 1 no log can be read, 4 there is no such pod.
      """.withExamples(
        "vineyardctl logs --tail 20", "vineyardctl logs --component store --component csi-nodes",
        "vineyardctl logs --pod vineyardd-sample-7d4f-x2k --previous"))

  @Option(help: ArgumentHelp("Component whose logs to print; default: all.", valueName: "name"))
  var component: [Component] = []

  @Option(help: ArgumentHelp("Pod whose logs to print.", valueName: "name"))
  var pod: String?

  @Option(help: ArgumentHelp("Lines from the end of each log; 0 for all.", valueName: "number"))
  var tail = 100

  @Flag(name: .shortAndLong, help: "Print the logs of the containers' runs before the present ones.")
  var previous = false

  @OptionGroup(title: "Cluster") var connection: ConnectionArguments

  mutating func validate() throws {
    if tail < 0 { throw ProgramError(.usage, "invalid --tail \(tail)", hint: "give a number of lines, 0 for all") }
  }

  /// Logs that are read at a time.
  private static let width = 8

  mutating func run(_ context: CommandContext) async throws {
    let client = try Session(connection, context).client()
    let wanted = component.isEmpty ? Set(Component.allCases) : Set(component)
    var pods = try await ComponentPods(client: client, namespace: connection.namespace).find(wanted).map(\.1)
    if let pod { pods.removeAll { $0.name != pod } }
    guard !pods.isEmpty else {
      throw ProgramError(
        .notFound, pod.map { "there is no pod '\($0.printable(120))' of Vineyard" } ?? "there are no pods of Vineyard",
        cause: "in the namespace '\(connection.namespace)'",
        hint: "'vineyardctl status' lists them; -n names another namespace")
    }
    let (tail, previous) = (tail, previous)
    let logs = pods.flatMap { pod in
      Pod(pod).containers.compactMap { container -> (pod: KubernetesObject, container: String)? in
        let hasRestarted = Pod(pod).statuses.contains { $0.name == container.name && $0.restarts > 0 }
        return previous && !hasRestarted ? nil : (pod, container.name)
      }
    }
    let permits = AsyncSemaphore(permits: Self.width)
    var failures: [String] = []
    _ = try await logs.mapConcurrently { log -> (String, String, ProgramError?) in
      let name = "\(log.pod.name) \(log.container)"
      let read = await permits.withPermit { () -> Result<String, any Error> in
        do {
          return .success(
            try await client.log(
              ofPod: log.pod.name, namespace: log.pod.namespace ?? "", container: log.container,
              tailLines: tail == 0 ? nil : tail, previous: previous))
        } catch { return .failure(error) }
      }
      guard let read else { throw CancellationError() }
      switch read {
      case .success(let text): return (name, text, nil)
      case .failure(let error):
        guard let told = CommandError(told: error)?.error else { throw error }
        return (name, "", told)
      }
    } inOrder: { name, text, failure in
      if let failure { failures.append(failure.description) }
      var block = ""
      for line in text.split(separator: "\n") { block += "\(name)  \(String(line).printable(4096))\n" }
      context.output(block)
    }
    for failure in failures { context.note("not shown: \(failure)") }
    if !logs.isEmpty, failures.count == logs.count {
      throw ProgramError(.failed, "no log can be read", cause: failures.first)
    }
    if logs.isEmpty { context.note("no container has run before") }
  }
}

/// Prints events about the components and what uses them.
struct EventsCommand: AsyncContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "events",
    abstract: "Print events about the components, and about claims and pods with volumes of ours.",
    discussion: "The newest come last. Kubernetes keeps events for an hour.".withExamples(
      "vineyardctl events", "vineyardctl events --warnings -o json"))

  @Flag(help: "Print warnings only.")
  var warnings = false

  @OptionGroup var format: FormatArguments
  @OptionGroup(title: "Cluster") var connection: ConnectionArguments

  mutating func run(_ context: CommandContext) async throws {
    let client = try Session(connection, context).client()
    let reader = EventReader(client: client, namespace: connection.namespace)
    let (events, unseen) = try await reader.read()
    context.print(PrintableEvents(events: warnings ? events.filter(\.isWarning) : events), format.output)
    for line in unseen { context.note("not shown: \(line)") }
  }
}

/// Events, the newest last.
struct PrintableEvents: PrintableData {
  let events: [Event]

  func table(_ palette: Palette) -> String {
    var table = Table("time", "type", "object", "reason", "count", "message")
    for event in events {
      let object = "\(event.subjectKind.lowercased())/\(event.subjectName)"
      let place = event.subjectNamespace.isEmpty ? object : "\(event.subjectNamespace) \(object)"
      table.add(
        event.time.printable(), event.isWarning ? palette.paint("Warning", .yellow) : "Normal", place.printable(160),
        event.reason.printable(60), "\(event.count)", (event.message ?? "").onOneLine.printable(400))
    }
    return table.text
  }

  var value: Value {
    .array(
      events.map { event in
        [
          "time": .string(event.time), "type": .string(event.isWarning ? "Warning" : "Normal"),
          "kind": .string(event.subjectKind), "namespace": .string(event.subjectNamespace),
          "name": .string(event.subjectName), "reason": .string(event.reason), "count": Value(event.count),
          "message": .string(event.message ?? ""),
        ]
      })
  }

  var names: [String] { events.map { "event/\($0.object.name)" } }
}
