import ArgumentParser
import Deployer
import KubernetesClient
import Logging
import Support

/// The flags of every command that talks to a cluster.
struct ConnectionArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp("Kubeconfig to use; default: $KUBECONFIG, then ~/.kube/config.", valueName: "file"),
    completion: .file())
  var kubeconfig: String?

  @Option(help: ArgumentHelp("Context of the kubeconfig.", valueName: "name"), completion: .contexts)
  var context: String?

  @Option(name: .customLong("as"), help: ArgumentHelp("User to act as.", valueName: "user"))
  var impersonate: String?

  @Option(help: ArgumentHelp("Address of the API server.", valueName: "url"))
  var server: String?

  @Flag(name: .customLong("insecure-skip-tls-verify"), help: "Accept any certificate of the API server.")
  var skipsTLSVerification = false

  @Option(
    name: .customLong("request-timeout"),
    help: ArgumentHelp("Longest time for one request, such as 30s; 0 for no limit.", valueName: "duration"))
  var requestTimeout: String?

  @Option(
    name: .shortAndLong, help: ArgumentHelp("Namespace to work in.", valueName: "name"), completion: .namespaces)
  var namespace = "vineyard-system"

  @Flag(help: "Log every step and request; 'deploy operator' and 'deploy csidriver' let what they deploy do so, too.")
  var verbose = false

  @OptionGroup var colors: ColorArguments

  mutating func validate() throws {
    try DNSLabel.require(namespace, of: "--namespace")
    if let requestTimeout { _ = try TimeSpan.parse(requestTimeout) }
    for (flag, value) in [("--kubeconfig", kubeconfig), ("--context", context), ("--server", server)] {
      if value == "" { throw ProgramError(.usage, "\(flag) is empty", hint: "leave it out for the default") }
    }
  }

  /// The connection that the flags describe.
  var options: ConnectionOptions {
    ConnectionOptions(
      kubeconfig: kubeconfig, context: context, impersonate: impersonate, server: server,
      skipsTLSVerification: skipsTLSVerification,
      // Validation has refused what cannot be read.
      requestTimeout: requestTimeout.flatMap { try? TimeSpan.parse($0) }?.seconds)
  }

  /// The log of a command: with `--verbose` it also tells what only a developer wants to know.
  func log(_ context: CommandContext) -> Logger {
    verbose ? context.log.with(minimum: .debug) : context.log
  }
}

/// The flag of commands that put objects into a namespace.
struct NamespaceCreationArguments: ParsableArguments {
  @Flag(name: .customLong("create-namespace"), help: "Create the namespace when it is missing.")
  var createsNamespace = false

  init() {}

  /// The flag as given by another command, which plans as if the namespace were to be created.
  init(creating: Bool) { createsNamespace = creating }
}

/// The flags of commands that wait for the cluster to follow.
struct WaitArguments: ParsableArguments {
  @Flag(inversion: .prefixedNo, help: "Wait until everything is ready, or gone.")
  var wait = true

  @Option(help: ArgumentHelp("Longest time to wait, such as 90s or 10m; 0 for no limit.", valueName: "duration"))
  var timeout = "5m"

  mutating func validate() throws {
    _ = try TimeSpan.parse(timeout)
  }

  /// Time to wait; nil for as long as it takes.
  var limit: TimeSpan? {
    guard let span = try? TimeSpan.parse(timeout), span.nanoseconds > 0 else { return nil }
    return span
  }
}

extension Palette.Choice: ExpressibleByArgument {}

/// The flag for colours.
struct ColorArguments: ParsableArguments {
  @Option(help: "Colours on a terminal; NO_COLOR in the environment switches them off, too.")
  var color = Palette.Choice.auto

  /// The choice on a command line, also on one that turns out to be wrong.
  static func choice(in words: [String]) -> Palette.Choice {
    var choice = Palette.Choice.auto
    for (index, word) in words.enumerated() {
      let value = word == "--color" ? words.dropFirst(index + 1).first : word.value(of: "--color=")
      if let value, let asked = Palette.Choice(rawValue: value) { choice = asked }
    }
    return choice
  }
}

extension String {
  fileprivate func value(of prefix: String) -> String? { hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil }
}

/// The names of namespaces and other objects whose name becomes part of a host name (RFC 1123).
enum DNSLabel {
  /// Whether a text has 1 to 63 lower-case letters, digits and inner dashes.
  static func isValid(_ text: String) -> Bool {
    guard (1...63).contains(text.utf8.count), text.utf8.first != dash, text.utf8.last != dash else { return false }
    return text.utf8.allSatisfy { letters.contains($0) || digits.contains($0) || $0 == dash }
  }

  /// Refuses a name that is no label.
  ///
  /// - Throws: `ProgramError` with code `usage`.
  static func require(_ text: String, of flag: String) throws(ProgramError) {
    guard !isValid(text) else { return }
    throw ProgramError(
      .usage, "invalid \(flag) '\(text)'",
      hint: "a name has at most 63 lower-case letters, digits and '-', and begins and ends with a letter or digit")
  }

  private static let dash = UInt8(ascii: "-")
  private static let letters = UInt8(ascii: "a")...UInt8(ascii: "z")
  private static let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
}

/// The connections of a command to a cluster and to a person.
struct Session: Sendable {
  let progress: ProgressReporter
  let log: Logger
  private let options: ConnectionOptions
  private let context: CommandContext

  init(_ connection: ConnectionArguments, _ context: CommandContext) {
    log = connection.log(context)
    options = connection.options
    self.context = context
    progress = ProgressReporter(
      columns: context.errorColumns, palette: context.errorPalette, write: context.errorOutput)
  }

  /// A client of the cluster that the flags and the kubeconfig name.
  ///
  /// - Throws: `ProgramError` when there is no such cluster.
  func client() throws -> KubernetesClient {
    KubernetesClient(try ClientConfiguration.resolve(options, sources: context.configurationSources), log: log)
  }
}
