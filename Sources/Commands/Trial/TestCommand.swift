import ArgumentParser
import ClusterInventory
import Deployer
import Documents
import Inspection
import KubernetesClient
import KubernetesObjects
import Support

/// Tries a cluster: a claim, a pod that writes and a pod that reads.
struct TestCommand: AsyncContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "test", abstract: "Try the cluster: a claim, a pod that writes into it and one that reads, in GB/s.",
    discussion: """
      The pods run the image of the stores, through the same way as the steps of a pipeline: class, driver, socket, shared \
      memory. Everything is deleted again, also after Ctrl-C; what an interruption by force left, the next run deletes. \
      Exit status: 0 it works, 1 it does not, 3 it took too long.
      """.withExamples(
        "vineyardctl test", "vineyardctl test --size 1Gi -n team --timeout 5m"))

  @Option(
    name: .customLong("class"), help: ArgumentHelp("StorageClass; default: the first of ours.", valueName: "name"))
  var storageClass: String?

  @Option(help: ArgumentHelp("Bytes to write and read.", valueName: "size"))
  var size = "256Mi"

  @Option(help: ArgumentHelp("Image of the pods; default: that of the stores.", valueName: "image"))
  var image: String?

  @Option(help: ArgumentHelp("Longest time for each pod, such as 2m.", valueName: "duration"))
  var timeout = "2m"

  @OptionGroup var format: FormatArguments
  @OptionGroup(title: "Cluster") var connection: ConnectionArguments

  static func bytes(_ text: String) throws -> Int {
    guard let bytes = try ByteSize.parse(text)?.bytes, bytes <= 64 << 30 else {
      throw ProgramError(.usage, "invalid --size '\(text)'", hint: "give a number above zero, up to 64Gi")
    }
    return Int(bytes)
  }

  private func limit() throws -> TimeSpan {
    let span = try TimeSpan.parse(timeout)
    guard span.nanoseconds > 0 else { throw ProgramError(.usage, "invalid --timeout '\(timeout)'", hint: "write 2m") }
    return span
  }

  mutating func validate() throws {
    _ = try Self.bytes(size)
    _ = try limit()
  }

  var interruptionHint: String { "what it had made was deleted" }

  mutating func run(_ context: CommandContext) async throws {
    let session = Session(connection, context)
    let client = try session.client()
    let namespace = context.flags.names("namespace") ? connection.namespace : client.defaultNamespace
    let trial = try await ClusterTrial(
      client: client, namespace: namespace, storageClass: storageClass, image: image, bytes: try Self.bytes(size),
      limit: try limit(), progress: session.progress)
    let steps: [ClusterTrial.Step]
    do {
      steps = try await trial.run()
    } catch {
      if let left = await trial.cleanUp() { session.progress.report(.warning, left.description) }
      throw error
    }
    if let left = await trial.cleanUp() { throw left }
    context.print(PrintableTrial(steps: steps), format.output)
  }
}

/// Times of the steps of a trial.
struct PrintableTrial: PrintableData {
  let steps: [ClusterTrial.Step]

  private static func decimal(_ value: Double) -> String {
    let hundredths = Int((min(value, 1e12) * 100).rounded())
    let rest = String(100 + hundredths % 100).dropFirst()
    return "\(hundredths / 100).\(rest)"
  }

  func table(_ palette: Palette) -> String {
    var table = Table("step", "node", "bytes", "time", "gb/s")
    for step in steps {
      let result = step.result
      let isWriter = step.name == "write"
      let time = isWriter ? result.seconds : result.seconds + result.passSeconds
      table.add(
        step.name, step.node, "\(ByteSize(bytes: UInt64(result.bytes)))", "\(Self.decimal(time * 1000)) ms",
        Self.decimal(result.rate(time)))
      if !isWriter {
        table.add("  of it mapping", step.node, "", "\(Self.decimal(result.seconds * 1000)) ms", "")
      }
    }
    return table.text
  }

  var value: Value {
    .array(
      steps.map { step in
        var value = step.result.value
        value["step"] = .string(step.name)
        value["node"] = .string(step.node)
        return value
      })
  }

  var names: [String] { steps.map(\.name) }
}
