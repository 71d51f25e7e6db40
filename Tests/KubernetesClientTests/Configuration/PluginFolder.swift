import Glibc
import KubernetesClient
import Support
import Testing

/// A directory with a credential plugin that is really run, and the kubeconfig that names it.
final class PluginFolder {
  let path: String
  let world: ConfigurationWorld

  /// - Parameters:
  ///   - script: what the plugin does, in the language of sh(1), within its directory.
  ///   - exec: fields of `exec` besides `apiVersion` and `command`.
  init(
    _ script: String?, exec: String = "", command: String = "./plugin", apiVersion: String = "v1",
    cluster: String = "server: 'https://A/'", hasTerminal: Bool = false
  ) throws {
    var template = Array("/tmp/plugin-XXXXXX".utf8CString)
    try #require(mkdtemp(&template) != nil)
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let user =
      "exec: {apiVersion: client.authentication.k8s.io/\(apiVersion), command: '\(command)'\(exec.isEmpty ? "" : ", ")\(exec)}"
    world = ConfigurationWorld(
      files: ["\(path)/config": ConfigurationWorld.kubeconfig(cluster: cluster, user: user)],
      environment: ["KUBECONFIG": "\(path)/config", "PATH": "/nonexistent:\(path)"], hasTerminal: hasTerminal)
    guard let script else { return }
    try write("plugin", "#!/bin/sh\ncd \"$(dirname \"$0\")\" || exit 9\necho run >> runs\n\(script)\n", mode: 0o755)
  }

  deinit {
    for name in ["plugin", "runs", "go", "seen", "info", "pid", "child", "errors", "token"] {
      unlink("\(path)/\(name)")
    }
    rmdir(path)
  }

  func write(_ name: String, _ text: String, mode: mode_t = 0o644) throws {
    let file = open("\(path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
    try #require(file >= 0)
    writeText(text, to: file)
    close(file)
  }

  /// The text of a file, nil while there is none.
  func read(_ name: String) -> String? { try? TextFile.readIfPresent("\(path)/\(name)") }

  /// Waits until the plugin has written a whole line into a file.
  func line(of name: String) async throws -> String {
    while true {
      if let text = read(name), text.hasSuffix("\n") { return text.trimmingLineEnd() }
      try await Task.sleep(for: .milliseconds(5))
    }
  }

  /// The process id that the plugin has written into a file.
  func process(in name: String) async throws -> pid_t {
    let text = try await line(of: name)
    return try #require(pid_t(text))
  }

  var runs: Int { read("runs")?.split(separator: "\n").count ?? 0 }

  var source: any CredentialSource { get throws { try world.resolve().credentials } }

  /// The line the user reads when the plugin gives no credentials, without the name of the directory.
  func failure() async throws -> String {
    let source = try source
    let error = try await #require(throws: ProgramError.self) { try await source.current() }
    #expect(error.code == .failed)
    return error.description.split(separator: path).joined(separator: "DIR")
  }

  /// Prints an answer with some status fields.
  static func answer(_ status: String, apiVersion: String = "v1") -> String {
    """
    cat <<'END'
    {"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/\(apiVersion)", "status": {\(status)}}
    END
    """
  }
}
