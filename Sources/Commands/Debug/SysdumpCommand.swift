import ArgumentParser
import ClusterInventory
import Deployer
import Support

/// Writes an archive for those who are asked for help.
struct SysdumpCommand: AsyncContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "sysdump", abstract: "Write an archive with all that helps to find out what is wrong.",
    discussion: """
      It has resources, events, logs, metrics, states of stores and where volumes are mounted, and the status, which \
      'vineyardctl status -f FILE' shows. Secrets, the names of objects and what is in them are left out; look through it \
      before you send it all the same. Exit status: 0 written, 4 nothing is deployed.
      """.withExamples("vineyardctl sysdump", "vineyardctl sysdump -f /tmp/vineyard.tar --tail 500"))

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("The archive; default: vineyard-sysdump-TIME.tar in this directory.", valueName: "file"),
    completion: .file())
  var file: String?

  @Option(help: ArgumentHelp("Lines of each log.", valueName: "number"))
  var tail = 2000

  @OptionGroup(title: "Cluster") var connection: ConnectionArguments

  mutating func validate() throws {
    if !(1...100_000).contains(tail) {
      throw ProgramError(.usage, "invalid --tail \(tail)", hint: "give a number, 1 to 100000")
    }
    if file == "" { throw ProgramError(.usage, "--file is empty", hint: "leave it out for the default") }
  }

  mutating func run(_ context: CommandContext) async throws {
    let session = Session(connection, context)
    let client = try session.client()
    let now = Timestamp.now()
    let stamp = "\(now)".prefix(19).filter { $0 != "-" && $0 != ":" }
    let path = file ?? "vineyard-sysdump-\(stamp).tar"
    var dump = Sysdump(
      client: client, namespace: connection.namespace, lines: tail, log: session.log, at: now,
      look: { try await $0.survey(client) })
    let archive = try await dump.gather { session.progress.report(.action, "reading \($0)") }
    try context.writeBytes(path, archive)
    for line in dump.missing { session.progress.report(.warning, "not in it: \(line)") }
    session.progress.report(
      .done, "\(path) (\(ByteSize(bytes: UInt64(archive.count)))); 'vineyardctl status -f FILE' shows its status")
    context.output("\(path)\n")
  }

  var interruptionHint: String { "nothing was written" }
}
