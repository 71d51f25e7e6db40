import ArgumentParser
import KubernetesClient
import Logging
import Support
import Synchronization

@testable import Commands

/// A world for commands that writes nothing, starts nothing and remembers what it was told.
final class World: Sendable {
  private struct State {
    var output = ""
    var errors = ""
    var log: [String] = []
    var started: VineyarddOptions?
    var written: [String: String] = [:]
  }

  private let state = Mutex(State())
  private let environment: [String: String]
  private let files: [String: String]
  private let signal: Int32?

  /// - Parameter signal: what arrives as soon as a command watches for signals.
  init(environment: [String: String] = [:], files: [String: String] = [:], signal: Int32? = nil) {
    self.environment = environment
    self.files = files
    self.signal = signal
  }

  var output: String { state.withLock { $0.output } }
  var errors: String { state.withLock { $0.errors } }
  /// Lines of the log without their times.
  var log: [String] { state.withLock { $0.log } }
  /// Files that were written, by path.
  var written: [String: String] { state.withLock { $0.written } }
  var started: VineyarddOptions? { state.withLock { $0.started } }

  /// Runs `vineyardctl` with some arguments.
  func run(_ arguments: String...) -> Commands.ExitStatus { run(["vineyardctl"] + arguments) }

  /// Runs a command line that begins with the program's name.
  func run(_ commandLine: [String]) -> Commands.ExitStatus { Vineyardctl.execute(commandLine, context: context) }

  /// Runs a command line of another tree of commands.
  func run(_ commandLine: [String], root: any ParsableCommand.Type) -> Commands.ExitStatus {
    Vineyardctl.execute(commandLine, root: root, context: context)
  }

  /// Runs a command line on a thread of its own, which an asynchronous command blocks.
  func runOnThread(_ commandLine: [String], root: any ParsableCommand.Type) async -> Commands.ExitStatus {
    await onThread { self.run(commandLine, root: root) }
  }

  /// Names and variables instead of the machine's own.
  var host: HostFacts {
    HostFacts(
      environment: { [environment] in environment[$0] },
      hostName: { "host" },
      isWritable: { [environment] _ in environment["READ_ONLY"] == nil },
      groupID: { $0 == "staff" ? 50 : nil },
      fileObstacle: { $0.hasPrefix("/missing") ? "No such file or directory" : nil })
  }

  /// A normalizer that sees this world.
  var normalizer: GFlagsNormalizer {
    GFlagsNormalizer(environment: host.environment, readFile: read)
  }

  var context: CommandContext {
    var context = CommandContext(
      host: host,
      output: { text in self.state.withLock { $0.output += text } },
      errorOutput: { text in self.state.withLock { $0.errors += text } },
      log: Logger(
        now: { Timestamp(milliseconds: 0) },
        write: { line in self.state.withLock { $0.log.append(String(line.dropFirst(25).dropLast())) } }),
      readFile: read,
      startDaemon: { options, _ in self.state.withLock { $0.started = options } })
    context.columns = 80
    context.writeFile = { path, text in self.state.withLock { $0.written[path] = text } }
    context.makeDirectory = { _ in }
    context.watchSignals = { [signal] signalled in if let signal { signalled(signal) } }
    context.configurationSources = ConfigurationSources(
      environment: host.environment, readBytes: { [files] path in files[path].map { Array($0.utf8) } })
    return context
  }

  @Sendable private func read(_ path: String) throws -> String {
    guard let text = files[path] else { throw ProgramError(.failed, "cannot open \(path)") }
    return text
  }
}

/// Runs a command on a thread of its own, which an asynchronous command blocks.
func onThread(_ command: @escaping @Sendable () -> Commands.ExitStatus) async -> Commands.ExitStatus {
  await withCheckedContinuation { continuation in
    let isStarted = startThread(named: "command") { continuation.resume(returning: command()) }
    if !isStarted { continuation.resume(returning: .failed) }
  }
}
