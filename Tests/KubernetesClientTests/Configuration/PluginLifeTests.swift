import Documents
import Glibc
import Support
import Testing

@testable import KubernetesClient

/// How often a plugin runs, and how it ends.
@Suite struct PluginLifeTests {
  private static func answer(_ token: String, until expiry: String) -> String {
    PluginFolder.answer("\"token\": \"\(token)\", \"expirationTimestamp\": \"\(expiry)\"")
  }

  @Test func `callers at the same time share one run`() async throws {
    let folder = try PluginFolder("until [ -e go ]; do sleep 0.01; done\n" + PluginFolder.answer("\"token\": \"t\""))
    let source = try folder.source
    let callers = (1...8).map { _ in Task { try await source.current() } }
    try folder.write("go", "")
    for caller in callers { #expect(try await caller.value.authorization == "Bearer t") }
    #expect(folder.runs == 1)
  }

  @Test func `credentials without an end are kept`() async throws {
    let folder = try PluginFolder(PluginFolder.answer("\"token\": \"t\""))
    let source = try folder.source
    _ = try await source.current()
    folder.world.advance(seconds: 1_000_000)
    _ = try await source.current()
    #expect(folder.runs == 1)
  }

  @Test(arguments: ["1970-01-01T00:10:00Z", "1970-01-01T02:10:00.5+02:00"])
  func `the plugin runs again shortly before its credentials end`(_ expiry: String) async throws {
    let folder = try PluginFolder(Self.answer("t", until: expiry))
    let source = try folder.source
    _ = try await source.current()
    folder.world.advance(seconds: 569)
    _ = try await source.current()
    #expect(folder.runs == 1)
    folder.world.advance(seconds: 2)
    _ = try await source.current()
    #expect(folder.runs == 2)
  }

  @Test func `credentials that end at once serve the request they were made for`() async throws {
    let folder = try PluginFolder(Self.answer("t", until: "1970-01-01T00:00:01Z"))
    let source = try folder.source
    for _ in 1...2 { #expect(try await source.current().authorization == "Bearer t") }
    #expect(folder.runs == 2)
  }

  @Test func `a refusal by the server has the plugin run again, once for all requests`() async throws {
    let folder = try PluginFolder(
      "echo \"{\\\"kind\\\": \\\"ExecCredential\\\", \\\"apiVersion\\\": \\\"client.authentication.k8s.io/v1\\\", \\\"status\\\": {\\\"token\\\": \\\"t$(wc -l < runs | tr -d ' ')\\\"}}\""
    )
    let source = try folder.source
    #expect(try await source.current().authorization == "Bearer t1")
    folder.world.advance(seconds: 60)
    #expect(await source.refresh())
    #expect(try await source.current().authorization == "Bearer t2")
    #expect(await source.refresh())
    #expect(try await source.current().authorization == "Bearer t2")
  }

  @Test func `after a failure the next request tries again`() async throws {
    let folder = try PluginFolder("[ -e go ] || exit 1\n" + PluginFolder.answer("\"token\": \"t\""))
    let source = try folder.source
    await #expect(throws: ProgramError.self) { try await source.current() }
    try folder.write("go", "")
    #expect(try await source.current().authorization == "Bearer t")
  }

  @Test(.timeLimit(.minutes(10)))
  func `the end of the only caller ends the plugin and leaves nothing behind`() async throws {
    let folder = try PluginFolder("sleep 600 &\necho $! > child\necho $$ > pid\nwait")
    let source = try folder.source
    let caller = Task { try await source.current() }
    let process = try await folder.process(in: "pid")
    caller.cancel()
    await #expect(throws: CancellationError.self) { try await caller.value }
    #expect(kill(process, 0) == -1 && errno == ESRCH)
    let child = try await folder.process(in: "child")
    while !isGone(child) { try await Task.sleep(for: .milliseconds(5)) }
  }

  @Test func `a caller that leaves does not end the plugin for another one`() async throws {
    let folder = try PluginFolder(
      "echo $$ > pid\nuntil [ -e go ]; do sleep 0.01; done\n" + PluginFolder.answer("\"token\": \"t\""))
    let source = try folder.source
    let (first, second) = (Task { try await source.current() }, Task { try await source.current() })
    _ = try await folder.line(of: "pid")
    first.cancel()
    try folder.write("go", "")
    #expect(try await second.value.authorization == "Bearer t")
  }

  @Test func `a runaway plugin is killed`() async throws {
    let folder = try PluginFolder("exec sleep 600")
    var call = try call(folder)
    call.timeLimit = TimeSpan(nanoseconds: 100_000_000)
    let timed = call
    let error = try await #require(throws: ProgramError.self) { try await timed() }
    #expect(error.cause == "still running after 100ms")
  }

  @Test func `what a plugin leaves running does not delay its answer`() async throws {
    let folder = try PluginFolder("sleep 600 &\necho $! > child\n" + PluginFolder.answer("\"token\": \"t\""))
    #expect(try await folder.source.current().authorization == "Bearer t")
    kill(try await folder.process(in: "child"), SIGKILL)
  }

  @Test func `the messages of a plugin go through`() async throws {
    let folder = try PluginFolder("echo 'visit https://login' >&2\n" + PluginFolder.answer("\"token\": \"t\""))
    var call = try call(folder)
    let file = open("\(folder.path)/errors", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    defer { close(file) }
    call.errorDescriptor = file
    _ = try await call()
    #expect(folder.read("errors") == "visit https://login\n")
  }

  @Test func `a plugin inherits no descriptor, no blocked signal and no stdin`() async throws {
    // A number beyond those that a shell opens, and of no descriptor that another test has at the moment.
    let descriptor = fcntl(STDERR_FILENO, F_DUPFD, 200)
    defer { close(descriptor) }
    try #require(descriptor >= 200)
    let folder = try PluginFolder(
      """
      { grep SigBlk /proc/self/status; readlink /proc/$$/fd/0; ls /proc/$$/fd | grep -x \(descriptor); } > seen
      """ + "\n" + PluginFolder.answer("\"token\": \"t\""))
    _ = try await folder.source.current()
    #expect(folder.read("seen") == "SigBlk:\t0000000000000000\n/dev/null\n")
  }

  private func call(_ folder: PluginFolder) throws -> PluginCall {
    let kubeconfig = try #require(try Kubeconfig.load(nil, folder.world.sources))
    let user = try #require(kubeconfig.users["a"])
    let plugin = try #require(try CredentialPlugin(user))
    let target = PluginTarget(server: "https://a", tls: TLSOptions(), proxy: nil, extensions: [:])
    return try PluginCall(plugin, target, folder.world.sources)
  }

  /// Whether a process has ended, a zombie included.
  private func isGone(_ process: pid_t) -> Bool {
    let status = try? TextFile.readIfPresent("/proc/\(process)/stat")
    return status.map { $0.contains(") Z ") } ?? true
  }
}
