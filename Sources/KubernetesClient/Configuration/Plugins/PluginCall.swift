import CLinux
import Documents
import Glibc
import Support

/// One way to call a credential plugin: the program, its variables and how long it may take.
struct PluginCall: Sendable {
  let plugin: CredentialPlugin
  let sources: ConfigurationSources
  /// The value of `KUBERNETES_EXEC_INFO`.
  private let information: String
  private let isInteractive: Bool
  /// Time limit of a plugin without a terminal: some open a browser, and people sign in there.
  var timeLimit = TimeSpan.seconds(15 * 60)
  /// Destination of the plugin's messages.
  var errorDescriptor = STDERR_FILENO

  /// - Throws: `ProgramError` when the plugin needs a terminal and there is none.
  init(_ plugin: CredentialPlugin, _ target: PluginTarget, _ sources: ConfigurationSources) throws(ProgramError) {
    let hasTerminal = sources.hasTerminal()
    guard plugin.interactiveMode != .always || hasTerminal else {
      throw ProgramError(
        .failed, "credential plugin '\(plugin.command)' of \(plugin.owner) needs a terminal",
        cause: "its interactiveMode is Always and stdin is no terminal", hint: "run the command in a terminal")
    }
    self.plugin = plugin
    self.sources = sources
    isInteractive = hasTerminal && plugin.interactiveMode != .never
    var document: Value = [
      "kind": "ExecCredential", "apiVersion": .string(plugin.apiVersion),
      "spec": ["interactive": .boolean(isInteractive)],
    ]
    if plugin.wantsCluster { document["spec", "cluster"] = try target.document(sources) }
    information = document.json
  }

  /// Runs the plugin once.
  ///
  /// - Throws: `ProgramError` when it is missing, fails, takes too long or gives no credentials.
  func callAsFunction() async throws -> ExecCredential {
    let process = PluginProcess(
      path: try executable(), arguments: [plugin.command] + plugin.arguments, environment: environment(),
      // Someone who signs in takes the time it takes, and can interrupt the plugin.
      isInteractive: isInteractive, timeLimit: isInteractive ? nil : timeLimit.duration,
      errorDescriptor: errorDescriptor)
    switch try await process.run() {
    case .exited(0, let output): return try ExecCredential(output: output, of: plugin)
    case .exited(let status, _): throw failed("exit status \(status)", hint: "its own message stands above")
    case .killed(let signal): throw failed("killed by signal \(signal)")
    case .timedOut: throw failed("still running after \(timeLimit)")
    case .tooMuchOutput: throw failed("its answer is longer than \(PluginProcess.outputLimit) bytes")
    case .notStarted(let code): throw notStarted(code)
    }
  }

  /// The path of the program.
  private func executable() throws(ProgramError) -> String {
    if plugin.command.contains("/") {
      guard access(plugin.command, X_OK) == 0 else { throw notStarted(errno) }
      return plugin.command
    }
    let directories = sources.nonEmpty("PATH")?.split(separator: ":") ?? []
    let candidates = directories.map { "\($0)/\(plugin.command)" }
    guard let path = candidates.first(where: { Self.isProgram($0) }) else { throw notStarted(ENOENT) }
    return path
  }

  /// Whether a path leads to a file that may be run; a directory of that name may be searched, which is no program.
  private static func isProgram(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
  }

  /// The environment of this process with the plugin's variables over it. It is taken as bytes, which need not be UTF-8.
  private func environment() -> [[UInt8]] {
    let added = plugin.environment.map { ($0.name, $0.value) } + [("KUBERNETES_EXEC_INFO", information)]
    let names = Set(added.map { Array($0.0.utf8)[...] })
    var inherited: [[UInt8]] = []
    if var variable = clinux_environment() {
      while let text = variable.pointee {
        inherited.append(Array(UnsafeRawBufferPointer(start: text, count: strlen(text))))
        variable += 1
      }
    }
    let equals = UInt8(ascii: "=")
    // A name begins with no digit (POSIX, Base Definitions, 8.1); what else an environment may have is no variable.
    let kept = inherited.filter { variable in
      guard let first = variable.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { return false }
      return variable.contains(equals) && !names.contains(variable.prefix { $0 != equals })
    }
    // The last of several values counts, as in Go.
    let values = Dictionary(added, uniquingKeysWith: { _, last in last })
    return kept + values.sorted { $0.key < $1.key }.map { Array("\($0.key)=\($0.value)".utf8) }
  }

  private func failed(_ cause: String, hint: String? = nil) -> ProgramError {
    ProgramError(
      .failed, "credential plugin '\(plugin.command)' of \(plugin.owner) failed", cause: cause, hint: hint)
  }

  private func notStarted(_ code: Int32) -> ProgramError {
    let isMissing = code == ENOENT
    let place = plugin.command.contains("/") ? "" : " in PATH"
    return ProgramError(
      .failed, "cannot run credential plugin '\(plugin.command)' of \(plugin.owner)",
      cause: isMissing ? "there is no such program\(place)" : errorText(code),
      hint: plugin.installHint ?? (isMissing ? "install it" : nil))
  }
}

/// The cluster a credential plugin gives credentials for.
struct PluginTarget: Sendable {
  let server: String
  let tls: TLSOptions
  let proxy: String?
  /// Extensions of the cluster in the kubeconfig, by name.
  let extensions: [String: Value]

  /// The cluster as `KUBERNETES_EXEC_INFO` has it (client.authentication.k8s.io/v1, `spec.cluster`).
  ///
  /// - Throws: `ProgramError` when the file of the certificate authority cannot be read.
  func document(_ sources: ConfigurationSources) throws(ProgramError) -> Value {
    var cluster: Value = ["server": .string(server)]
    if let name = tls.serverName { cluster["tls-server-name"] = .string(name) }
    if tls.skipsVerification { cluster["insecure-skip-tls-verify"] = true }
    switch tls.authority {
    case .data(let bytes): cluster["certificate-authority-data"] = .string(Base64.encode(bytes))
    case .file(let path):
      cluster["certificate-authority-data"] = .string(Base64.encode(try sources.readBytes(path) ?? []))
    case nil: break
    }
    if let proxy { cluster["proxy-url"] = .string(proxy) }
    if let config = extensions["client.authentication.k8s.io/exec"] { cluster["config"] = config }
    return cluster
  }
}
