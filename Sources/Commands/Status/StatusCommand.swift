import ArgumentParser
import ClusterInventory
import Deployer
import Documents
import KubernetesObjects
import Support

/// Shows the installation of a namespace and its state.
struct StatusCommand: AsyncContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Show what is deployed and how it is.",
    discussion: """
      Exit status: 0 everything is ready, 3 something is not or may not be seen, 4 nothing is deployed in the namespace.
      """.withExamples(
        "vineyardctl status", "vineyardctl status --wait --timeout 10m -o json",
        "vineyardctl status -f vineyard-sysdump-20261201T120000.tar"))

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Show the status in an archive of 'vineyardctl sysdump' instead.", valueName: "file"),
    completion: .file())
  var file: String?

  @Flag(help: "Wait until everything is ready.")
  var wait = false

  @Option(help: ArgumentHelp("Longest time to wait, such as 90s or 10m; 0 for no limit.", valueName: "duration"))
  var timeout = "5m"

  @OptionGroup var format: OutputArguments

  @OptionGroup(title: "Cluster") var connection: ConnectionArguments

  mutating func validate() throws {
    _ = try TimeSpan.parse(timeout)
    if file != nil, wait {
      throw ProgramError(.usage, "--file contradicts --wait", hint: "what is in an archive stays")
    }
  }

  /// The status in an archive.
  private static func archived(_ path: String, _ context: CommandContext) throws -> InstallationStatus {
    do {
      guard let bytes = try TarArchive.file(Sysdump.statusFile, in: try context.readBytes(path)) else {
        throw ProgramError(.failed, "it has no \(Sysdump.statusFile)")
      }
      return try InstallationStatus(try Value(json: bytes))
    } catch let error as DocumentError {
      throw ProgramError(.failed, "cannot read \(path)", cause: "\(error)")
    } catch let error as ProgramError {
      throw ProgramError(error.code, "cannot read \(path)", cause: error.description)
    }
  }

  mutating func run(_ context: CommandContext) async throws {
    if let file { return try report(try await context.waiting { try Self.archived(file, $0) }, context) }
    let session = Session(connection, context)
    let reader = StatusReader(client: try session.client(), namespace: connection.namespace, log: session.log)
    var status = try await reader.read()
    if wait && !status.isReady {
      let span = try TimeSpan.parse(timeout)
      try await reader.waitUntilReady(timeout: span.nanoseconds > 0 ? span : nil, progress: session.progress)
      status = try await reader.read()
    }
    try report(status, context)
  }

  private func report(_ status: InstallationStatus, _ context: CommandContext) throws {
    context.output(format.output.text(status, context.outputPalette))
    guard !status.isReady else { return }
    let unready = status.missing + status.components.filter { !$0.isReady }.map { "\($0.object): \($0.detail)" }
    guard !unready.isEmpty else {
      throw ProgramError(
        .notReady, "not everything may be seen", cause: status.hidden.joined(separator: "; "),
        hint: "ask for the right to list these objects in the namespace, such as that of the role 'view'")
    }
    throw ProgramError(
      .notReady, "not everything is ready", cause: unready.joined(separator: "; "),
      hint: status.needsOperator
        ? "'vineyardctl deploy operator' deploys it" : "'vineyardctl status --wait' waits for it")
  }

  var interruptionHint: String { "the deployment goes on; run the same command again to wait for it" }
}
