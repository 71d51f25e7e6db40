import KubernetesClient
import Support
import Synchronization
import Testing

/// Files, variables and a clock for the search of a cluster.
final class ConfigurationWorld: Sendable {
  private struct State {
    var files: [String: [UInt8]]
    var unreadable: Set<String> = []
    var milliseconds: Int64 = 0
    var environment: [String: String]
  }

  private let state: Mutex<State>
  private let hasTerminal: Bool

  init(
    _ kubeconfig: String? = nil, files: [String: String] = [:], environment: [String: String] = ["HOME": "/home/u"],
    hasTerminal: Bool = false
  ) {
    var files = files.mapValues { Array($0.utf8) }
    files["/home/u/.kube/config"] = kubeconfig.map { Array($0.utf8) }
    state = Mutex(State(files: files, environment: environment))
    self.hasTerminal = hasTerminal
  }

  /// A file's text; setting nil removes it.
  subscript(path: String) -> String? {
    get { bytes(path).map { String(decoding: $0, as: UTF8.self) } }
    set { set(path, newValue.map { Array($0.utf8) }) }
  }

  func bytes(_ path: String) -> [UInt8]? { state.withLock { $0.files[path] } }

  func set(_ path: String, _ bytes: [UInt8]?) { state.withLock { $0.files[path] = bytes } }

  func setEnvironment(_ name: String, _ value: String) { state.withLock { $0.environment[name] = value } }

  /// Lets time pass.
  func advance(seconds: Int64) { state.withLock { $0.milliseconds += seconds * 1000 } }

  var sources: ConfigurationSources {
    ConfigurationSources(
      environment: { name in self.state.withLock { $0.environment[name] } },
      readBytes: { path in self.bytes(path) },
      hasTerminal: { [hasTerminal] in hasTerminal },
      now: { Timestamp(milliseconds: self.state.withLock { $0.milliseconds }) })
  }

  func resolve(_ options: ConnectionOptions = ConnectionOptions()) throws -> ClientConfiguration {
    try ClientConfiguration.resolve(options, sources: sources)
  }

  /// The line that the user reads when resolving fails.
  func failure(
    _ options: ConnectionOptions = ConnectionOptions(), location: SourceLocation = #_sourceLocation
  ) throws -> String {
    let error = try #require(throws: ProgramError.self, sourceLocation: location) { try self.resolve(options) }
    #expect(error.code == .failed, sourceLocation: location)
    return error.description
  }

  /// A kubeconfig with one cluster, user and context, all named `a`.
  static func kubeconfig(cluster: String = "server: https://a:6443", user: String = "token: t") -> String {
    """
    apiVersion: v1
    kind: Config
    clusters: [{name: a, cluster: {\(cluster)}}]
    users: [{name: a, user: {\(user)}}]
    contexts: [{name: a, context: {cluster: a, user: a, namespace: apps}}]
    current-context: a
    """
  }

  static let certificate = "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n"
  static let key = "-----BEGIN PRIVATE KEY-----\nMA==\n-----END PRIVATE KEY-----\n"
}
