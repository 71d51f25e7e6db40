import Documents
import Glibc
import KubernetesClient
import Support
import Testing

/// Programs that give credentials, as `exec` of a kubeconfig user names them.
@Suite struct PluginTests {
  @Test(arguments: ["v1", "v1beta1"])
  func `a plugin gives a token`(_ version: String) async throws {
    let folder = try PluginFolder(PluginFolder.answer("\"token\": \"abc\"", apiVersion: version), apiVersion: version)
    #expect(try await folder.source.current() == Credentials(authorization: "Bearer abc"))
  }

  @Test func `a plugin gives a certificate`() async throws {
    let folder = try PluginFolder(
      PluginFolder.answer("\"clientCertificateData\": \"C\\n\", \"clientKeyData\": \"K\\n\""))
    let certificate = ClientCertificate(chain: .data(Array("C\n".utf8)), key: .data(Array("K\n".utf8)))
    #expect(try await folder.source.current() == Credentials(certificate: certificate))
  }

  @Test func `an answer in YAML is understood`() async throws {
    let folder = try PluginFolder(
      """
      cat <<'END'
      kind: ExecCredential
      apiVersion: client.authentication.k8s.io/v1
      status:
        token: abc
      END
      """)
    #expect(try await folder.source.current().authorization == "Bearer abc")
  }

  @Test func `a plugin gets its arguments and variables`() async throws {
    let folder = try PluginFolder(
      "printf '%s|' \"$@\" \"$MODE\" \"$HOME\" > seen\n" + PluginFolder.answer("\"token\": \"t\""),
      exec: "args: [get, 'a b', ''], env: [{name: MODE, value: x}, {name: HOME, value: /h}]")
    _ = try await folder.source.current()
    #expect(folder.read("seen") == "get|a b||x|/h|")
  }

  @Test func `a name without a slash is looked for in PATH`() async throws {
    let folder = try PluginFolder(PluginFolder.answer("\"token\": \"t\""), command: "plugin")
    #expect(try await folder.source.current().authorization == "Bearer t")
  }

  @Test func `a directory of its name is no plugin`() async throws {
    let folder = try PluginFolder(PluginFolder.answer("\"token\": \"t\""), command: "plugin")
    let parent = "\(folder.path)/child"
    try #require(mkdir(parent, 0o755) == 0 && mkdir("\(parent)/plugin", 0o755) == 0)
    defer {
      rmdir("\(parent)/plugin")
      rmdir(parent)
    }
    folder.world.setEnvironment("PATH", "\(parent):\(folder.path)")
    #expect(try await folder.source.current().authorization == "Bearer t")
  }

  @Test func `a plugin is told the cluster when it asks for it`() async throws {
    let authority = Base64.encode(Array(ConfigurationWorld.certificate.utf8))
    let cluster = """
      server: 'https://A/', tls-server-name: kube, proxy-url: 'http://p', certificate-authority-data: \(authority),
      extensions: [{name: client.authentication.k8s.io/exec, extension: {audience: x}}, {name: other, extension: 1}]
      """
    let script = "printf %s \"$KUBERNETES_EXEC_INFO\" > info\n" + PluginFolder.answer("\"token\": \"t\"")
    let told = try PluginFolder(script, exec: "provideClusterInfo: true", cluster: cluster)
    _ = try await told.source.current()
    let expected: Value = [
      "kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1",
      "spec": [
        "interactive": false,
        "cluster": [
          "server": "https://a", "tls-server-name": "kube", "proxy-url": "http://p",
          "certificate-authority-data": .string(authority), "config": ["audience": "x"],
        ],
      ],
    ]
    #expect(try Value(json: try #require(told.read("info"))) == expected)

    let untold = try PluginFolder(script, cluster: cluster)
    _ = try await untold.source.current()
    let without = try Value(json: try #require(untold.read("info")))
    #expect(without["spec"] == ["interactive": false])
  }

  @Test func `the cluster of a plugin is the one the flags make of it`() async throws {
    let folder = try PluginFolder(
      "printf %s \"$KUBERNETES_EXEC_INFO\" > info\n" + PluginFolder.answer("\"token\": \"t\""),
      exec: "provideClusterInfo: true")
    let options = ConnectionOptions(server: "https://b/", skipsTLSVerification: true)
    _ = try await folder.world.resolve(options).credentials.current()
    let information = try Value(json: try #require(folder.read("info")))
    #expect(information["spec", "cluster"] == ["server": "https://b", "insecure-skip-tls-verify": true])
  }

  @Test(arguments: [
    ("Never", true, false), ("IfAvailable", true, true), ("IfAvailable", false, false), ("Always", true, true),
  ])
  func `a plugin is told whether it may ask`(_ mode: String, _ hasTerminal: Bool, _ isInteractive: Bool) async throws {
    let folder = try PluginFolder(
      "printf %s \"$KUBERNETES_EXEC_INFO\" > info\n" + PluginFolder.answer("\"token\": \"t\""),
      exec: "interactiveMode: \(mode)", hasTerminal: hasTerminal)
    _ = try await folder.source.current()
    let information = try Value(json: try #require(folder.read("info")))
    #expect(information["spec", "interactive"] == .boolean(isInteractive))
  }

  @Test func `a token of the kubeconfig makes the plugin unnecessary`() async throws {
    let world = ConfigurationWorld(
      ConfigurationWorld.kubeconfig(
        user: "token: t, exec: {apiVersion: client.authentication.k8s.io/v1, command: /none}"))
    #expect(try await world.resolve().credentials.current().authorization == "Bearer t")
  }

  @Test(arguments: [
    ("exec: 1", "invalid exec of user 'a' in /home/u/.kube/config: it is not a mapping"),
    ("exec: {}", "invalid command of exec of user 'a' in /home/u/.kube/config: it is missing"),
    (
      "exec: {command: c, apiVersion: client.authentication.k8s.io/v1alpha1}",
      "invalid apiVersion of exec of user 'a' in /home/u/.kube/config: 'client.authentication.k8s.io/v1alpha1' is not "
        + "supported (hint: update the plugin and write client.authentication.k8s.io/v1)"
    ),
    (
      "exec: {command: c, apiVersion: client.authentication.k8s.io/v1, args: x}",
      "invalid args of exec of user 'a' in /home/u/.kube/config: it is not a list of texts"
    ),
    (
      "exec: {command: c, apiVersion: client.authentication.k8s.io/v1, env: [{name: A}]}",
      "invalid env of exec of user 'a' in /home/u/.kube/config: it is not a list of names and texts"
    ),
    (
      "exec: {command: c, apiVersion: client.authentication.k8s.io/v1, interactiveMode: Maybe}",
      "invalid interactiveMode of exec of user 'a' in /home/u/.kube/config: 'Maybe' is none of Never, IfAvailable, Always"
    ),
    (
      "exec: {command: c, apiVersion: client.authentication.k8s.io/v1, interactiveMode: Always}",
      "credential plugin 'c' of user 'a' in /home/u/.kube/config needs a terminal: its interactiveMode is Always and "
        + "stdin is no terminal (hint: run the command in a terminal)"
    ),
  ])
  func `a wrong description of a plugin is an error before anything runs`(_ user: String, _ message: String) throws {
    #expect(try ConfigurationWorld(ConfigurationWorld.kubeconfig(user: user)).failure() == message)
  }
}
