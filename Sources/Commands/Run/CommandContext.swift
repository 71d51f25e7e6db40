import Glibc
import KubernetesClient
import Logging
import Support
import Synchronization

/// The world as a command sees it; a test gives its own and runs any command in-process.
public struct CommandContext: Sendable {
  /// Facts of the machine and its environment.
  public var host: HostFacts
  /// Takes data for stdout.
  public var output: @Sendable (String) -> Void
  /// Takes messages for stderr.
  public var errorOutput: @Sendable (String) -> Void
  /// The reason why a stream has not taken all that was written to it so far; nil when it has.
  public var writeFailure: @Sendable () -> ProgramError? = { nil }
  /// Width of help texts in characters; nil follows the terminal.
  public var columns: Int?
  /// The log, before flags change its level.
  public var log: Logger
  /// Reads a small text file, or standard input under the name `-`.
  ///
  /// - Throws: `ProgramError` when it cannot be read or is no text.
  public var readFile: @Sendable (String) throws -> String
  /// Reads a file of documents, which may be larger, or standard input under the name `-`.
  ///
  /// - Throws: `ProgramError` when it cannot be read or is no text.
  public var readDocuments: @Sendable (String) throws -> String
  /// Reads a file of any content, or standard input under the name `-`.
  ///
  /// - Throws: `ProgramError` when it cannot be read, or is larger than a gibibyte.
  public var readBytes: @Sendable (String) throws -> [UInt8] = {
    try TextFile.readBytes($0 == "-" ? "/dev/stdin" : $0, limit: 1 << 30)
  }
  /// Writes a text file anew.
  ///
  /// - Throws: `ProgramError` when it cannot be written.
  public var writeFile: @Sendable (_ path: String, _ text: String) throws -> Void = { try TextFile.write($1, to: $0) }
  /// Writes a file of any content anew, which only its owner may read.
  ///
  /// - Throws: `ProgramError` when it cannot be written.
  public var writeBytes: @Sendable (_ path: String, _ bytes: [UInt8]) throws -> Void = {
    try TextFile.write($1, to: $0, mode: 0o600)
  }
  /// Makes a directory unless there is one.
  ///
  /// - Throws: `ProgramError` when it cannot be made.
  public var makeDirectory: @Sendable (_ path: String) throws -> Void = { path in
    guard mkdir(path, 0o755) != 0, errno != EEXIST else { return }
    throw ProgramError.system("cannot make the directory \(path)", errno: errno)
  }
  /// Runs the store until it is told to stop.
  ///
  /// - Throws: `ProgramError` when it cannot start.
  public var startDaemon: @Sendable (VineyarddOptions, Logger) throws -> Void
  /// Hands SIGINT and SIGTERM to a function from now on; the second one ends the process.
  public var watchSignals: @Sendable (_ signalled: @escaping @Sendable (Int32) -> Void) -> Void = { _ in }
  /// Sources of the configuration of a connection.
  public var configurationSources: ConfigurationSources = .process
  /// The width of the terminal that stderr is, in characters; nil when it is none.
  public var errorColumns: @Sendable () -> Int? = { nil }
  /// Asks a person a question that is answered with yes or no; nil when there is nobody to ask.
  ///
  /// - Throws: `CancellationError` when the command is interrupted.
  public var ask: @Sendable (String) async throws -> Bool? = { _ in nil }
  /// The flags that the command line names, whatever their values.
  var flags = GivenFlags()
  /// Whether stdout is a terminal.
  public var writesToTerminal: @Sendable () -> Bool = { false }
  /// The choice of colours on the command line.
  var color = Palette.Choice.auto
  /// Warnings from reading the command line; the command logs them once the log level is known.
  var warnings: [String] = []

  /// Makes a world from its parts.
  public init(
    host: HostFacts,
    output: @escaping @Sendable (String) -> Void,
    errorOutput: @escaping @Sendable (String) -> Void,
    log: Logger,
    readFile: @escaping @Sendable (String) throws -> String,
    startDaemon: @escaping @Sendable (VineyarddOptions, Logger) throws -> Void
  ) {
    self.host = host
    self.output = output
    self.errorOutput = errorOutput
    self.log = log
    self.readFile = readFile
    readDocuments = readFile
    self.startDaemon = startDaemon
  }

  /// The largest file of documents, in bytes. What Kubernetes takes is smaller by far.
  private static let documentsLimit = 1 << 24

  /// The real world: this process, its streams and its host.
  public static var process: CommandContext {
    let failures = WriteFailures()
    var context = CommandContext(
      host: .current,
      output: { failures.note(StandardStream.output.write($0), on: .output) },
      errorOutput: { failures.note(StandardStream.error.write($0), on: .error) },
      log: Logger(),
      readFile: { try TextFile.read($0 == "-" ? "/dev/stdin" : $0) },
      startDaemon: { try runDaemon($0, log: $1) })
    context.readDocuments = { try TextFile.read($0 == "-" ? "/dev/stdin" : $0, limit: documentsLimit) }
    context.writeFailure = { failures.first }
    context.watchSignals = { watchInterrupts($0) }
    context.writesToTerminal = { StandardStream.output.terminalColumns != nil }
    context.errorColumns = { StandardStream.error.terminalColumns }
    context.ask = askOnTerminal
    return context
  }
}

extension CommandContext {
  /// The colours of stdout.
  var outputPalette: Palette { Palette(color, isTerminal: writesToTerminal(), environment: host.environment) }

  /// The colours of stderr.
  var errorPalette: Palette { Palette(color, isTerminal: errorColumns() != nil, environment: host.environment) }

  /// Writes the one line that says why a command failed.
  func write(_ error: ProgramError) {
    let line = error.line
    let mark = line.prefix { $0 != ":" }
    errorOutput("\(errorPalette.paint(mark, .red))\(line.dropFirst(mark.count))\n")
  }
}

/// The first failure to write to a standard stream, so that a full disk does not pass for success.
///
/// A reader that went away (EPIPE) has had enough, and a closed stderr is how people ask for silence: neither counts.
private final class WriteFailures: Sendable {
  private let failure = Mutex<ProgramError?>(nil)

  /// The reason why not all was written, nil when it was.
  var first: ProgramError? { failure.withLock { $0 } }

  /// Remembers how a write ended.
  ///
  /// - Parameter code: the error number, nil after a success.
  func note(_ code: Int32?, on stream: StandardStream) {
    guard let code, code != EPIPE, stream == .output || code != EBADF else { return }
    let name = stream == .output ? "stdout" : "stderr"
    failure.withLock { $0 = $0 ?? .system("cannot write everything to \(name)", errno: code) }
  }
}
