import ArgumentParser
import Documents
import StoreClient
import Support

/// Asks a store whether it serves clients; what Kubernetes runs in the pod of a store.
struct ProbeCommand: ContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "probe", abstract: "Ask the store behind a socket whether it serves clients.",
    discussion: """
      Registers as a client does, so that a socket left behind by a dead store does not count. Exit status: 0 the \
      store answers, 3 it does not.
      """.withExamples("vineyardctl probe --socket /tmp/demo/vineyard.sock"))

  @Option(help: ArgumentHelp("Socket of the store.", valueName: "path"), completion: .file())
  var socket: String

  @Option(help: ArgumentHelp("Longest time for each step of the handshake, such as 3s.", valueName: "duration"))
  var timeout = "3s"

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Print what the store says of itself; default: nothing.", valueName: "format"))
  var output: OutputFormat?

  mutating func run(_ context: CommandContext) throws {
    let limit = try TimeSpan.parse(timeout)
    do {
      let client = try StoreClient(path: socket, timeout: limit)
      let reply = try Value(json: try client.register())
      // A store that wants a password refuses here, and serves those who know it.
      guard reply["type"] != nil else { throw ProgramError(.failed, "the answer is no reply") }
      guard let output else { return }
      context.output(
        output.text(
          PrintableFields([
            "socket": socket, "version": reply["version"]?.string ?? "",
            "instance": reply["instance_id"].map { $0.json } ?? "", "rpc": reply["rpc_endpoint"]?.string ?? "",
          ])))
    } catch let error as ProgramError where error.code != .usage {
      throw ProgramError(.notReady, "the store behind \(socket) does not serve", cause: error.description)
    } catch let error as DocumentError {
      throw ProgramError(.notReady, "the store behind \(socket) does not serve", cause: "\(error)")
    }
  }
}
