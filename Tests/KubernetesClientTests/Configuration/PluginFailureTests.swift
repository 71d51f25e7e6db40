import Glibc
import Support
import Testing

/// What the user reads when a plugin gives no credentials.
@Suite struct PluginFailureTests {
  private static let owner = "'DIR/./plugin' of user 'a' in DIR/config"

  @Test(arguments: [
    ("exit 3", "exit status 3 (hint: its own message stands above)"), ("kill -9 $$", "killed by signal 9"),
    ("head -c 2000000 /dev/zero", "its answer is longer than 1048576 bytes"),
  ])
  func `a plugin that fails is one line with its status`(_ script: String, _ cause: String) async throws {
    #expect(try await PluginFolder(script).failure() == "credential plugin \(Self.owner) failed: \(cause)")
  }

  @Test(arguments: [
    ("true", "it is empty"), ("echo hello", "its kind is not ExecCredential"),
    ("echo '{\"kind\": '", "no ExecCredential (line 2, column 1)"),
    ("printf '\\377'", "it is not UTF-8"),
    (
      PluginFolder.answer("\"token\": \"t\"", apiVersion: "v1beta1"),
      "its apiVersion is not client.authentication.k8s.io/v1, which the kubeconfig asks for"
    ),
    ("echo '{\"kind\": \"ExecCredential\", \"apiVersion\": \"client.authentication.k8s.io/v1\"}'", "it has no status"),
    (PluginFolder.answer(""), "it gives neither a token nor a certificate"),
    (PluginFolder.answer("\"token\": \"\""), "it gives neither a token nor a certificate"),
    (PluginFolder.answer("\"token\": \"a b\""), "its token has blanks"),
    (PluginFolder.answer("\"clientKeyData\": \"k\""), "a certificate and its key belong together"),
    (
      PluginFolder.answer("\"token\": \"t\", \"expirationTimestamp\": \"tomorrow\""),
      "its expirationTimestamp is no RFC 3339 time"
    ),
  ])
  func `a bad answer is one line that does not repeat it`(_ script: String, _ cause: String) async throws {
    #expect(try await PluginFolder(script).failure() == "bad answer of credential plugin \(Self.owner): \(cause)")
  }

  @Test func `a missing plugin is told with how to install it`() async throws {
    #expect(
      try await PluginFolder(nil).failure()
        == "cannot run credential plugin \(Self.owner): there is no such program (hint: install it)")
    let hinted = try PluginFolder(nil, exec: "installHint: \"get it\\nthere\"", command: "no-such-plugin")
    #expect(
      try await hinted.failure()
        == "cannot run credential plugin 'no-such-plugin' of user 'a' in DIR/config: there is no such program in PATH "
        + "(hint: get it there)")
  }

  @Test func `a plugin that may not be run is told with the system's reason`() async throws {
    let folder = try PluginFolder("")
    chmod("\(folder.path)/plugin", 0o644)
    #expect(try await folder.failure() == "cannot run credential plugin \(Self.owner): Permission denied")
  }
}
