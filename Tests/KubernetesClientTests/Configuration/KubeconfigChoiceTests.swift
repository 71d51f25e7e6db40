import KubernetesClient
import Support
import Testing

/// Which files are read, and how several become one.
@Suite struct KubeconfigChoiceTests {
  private func file(_ name: String, token: String? = nil) -> String {
    """
    clusters: [{name: \(name), cluster: {server: "https://\(name)"}}]
    users: [{name: u, user: {token: \(token ?? name)}}]
    contexts: [{name: \(name), context: {cluster: \(name), user: u}}]
    current-context: \(name)
    """
  }

  @Test func `the file in the home directory is read when nothing is said`() throws {
    #expect(try ConfigurationWorld(file("home")).resolve().server == "https://home")
  }

  @Test func `the variable wins over the home directory, and the flag over both`() throws {
    let environment = ["HOME": "/home/u", "KUBECONFIG": "/variable"]
    let world = ConfigurationWorld(
      file("home"), files: ["/variable": file("variable"), "/flag": file("flag")], environment: environment)
    #expect(try world.resolve().server == "https://variable")
    #expect(try world.resolve(ConnectionOptions(kubeconfig: "/flag")).server == "https://flag")
    #expect(try world.failure(ConnectionOptions(kubeconfig: "/flag", context: "home")).contains("unknown context"))
  }

  @Test func `of several files the first that defines a name counts, as a whole`() async throws {
    let world = ConfigurationWorld(
      files: ["/1": file("one"), "/2": file("two"), "/3": "current-context: three"],
      environment: ["KUBECONFIG": "/missing::/1:/2:/3:/1"])
    #expect(try world.resolve().server == "https://one")
    let second = try world.resolve(ConnectionOptions(context: "two"))
    #expect(second.server == "https://two")
    #expect(try await second.credentials.current().authorization == "Bearer one")
  }

  @Test func `the first file that chooses a context chooses it`() throws {
    let world = ConfigurationWorld(
      files: ["/1": "{}", "/2": "current-context: two", "/3": file("two")], environment: ["KUBECONFIG": "/1:/2:/3"])
    #expect(try world.resolve().context == "two")
  }

  @Test func `relative paths begin at the file that says them`() throws {
    let user = "client-certificate: pki/c.pem, client-key: ../k.pem"
    let world = ConfigurationWorld(
      files: [
        "/kube/one/config": ConfigurationWorld.kubeconfig(
          cluster: "server: https://a, certificate-authority: ca.pem", user: user),
        "/kube/one/ca.pem": ConfigurationWorld.certificate, "/kube/one/pki/c.pem": ConfigurationWorld.certificate,
        "/kube/one/../k.pem": ConfigurationWorld.key,
      ], environment: ["KUBECONFIG": "/empty:/kube/one/config"])
    #expect(try world.resolve().tls.authority == .file("/kube/one/ca.pem"))
  }

  @Test func `the flag chooses the context, with its namespace`() throws {
    let world = ConfigurationWorld(
      file("one") + "\n", files: ["/2": ConfigurationWorld.kubeconfig()],
      environment: ["KUBECONFIG": "/home/u/.kube/config:/2"])
    let configuration = try world.resolve(ConnectionOptions(context: "a"))
    #expect(configuration.context == "a" && configuration.namespace == "apps")
    #expect(try world.resolve().namespace == nil)
  }

  @Test func `without any file the error says where was looked`() throws {
    let hint = "(hint: name a file with --kubeconfig or KUBECONFIG)"
    #expect(
      try ConfigurationWorld().failure()
        == "no cluster to talk to: /home/u/.kube/config not found or empty, and this is no pod \(hint)")
    #expect(
      try ConfigurationWorld(environment: ["KUBECONFIG": "/x:/y"]).failure()
        == "no cluster to talk to: /x, /y not found or empty, and this is no pod \(hint)")
    #expect(try ConfigurationWorld(environment: [:]).failure() == "no cluster to talk to: HOME is not set \(hint)")
    #expect(
      try ConfigurationWorld().failure(ConnectionOptions(context: "x"))
        == "unknown context 'x': there is no kubeconfig \(hint)")
  }

  @Test func `a file named by the flag must exist`() throws {
    #expect(
      try ConfigurationWorld(file("home")).failure(ConnectionOptions(kubeconfig: "/none"))
        == "cannot open kubeconfig /none: no such file (hint: --kubeconfig names the file to read)")
  }

  @Test func `an unknown context names the known ones`() throws {
    let world = ConfigurationWorld(
      files: ["/1": file("staging"), "/2": file("production")], environment: ["KUBECONFIG": "/1:/2"])
    #expect(
      try world.failure(ConnectionOptions(context: "stagin"))
        == "unknown context 'stagin' in /1, /2: known are staging, production (hint: did you mean 'staging'?)")
    #expect(try world.failure(ConnectionOptions(context: "zzz")).hasSuffix("(hint: give --context NAME)"))
  }

  @Test(arguments: [
    ("clusters: [", "broken kubeconfig /home/u/.kube/config: line 2, column 1: "),
    ("[]", "broken kubeconfig /home/u/.kube/config: it is not a mapping"),
    ("clusters: 1", "broken kubeconfig /home/u/.kube/config: 'clusters' is not a list"),
    (
      "users: [{name: 7}]",
      "broken kubeconfig /home/u/.kube/config: the name of user 1 is not a text; put it in quotes"
    ),
    ("users: [{name: a, user: 7}]", "broken kubeconfig /home/u/.kube/config: user 'a' is not a mapping"),
    ("contexts: [{name: a}, {name: a}]", "broken kubeconfig /home/u/.kube/config: context 'a' stands twice"),
    ("contexts: [{name: a}]", "no context is chosen in /home/u/.kube/config: known are a (hint: give --context NAME)"),
    ("current-context: b", "unknown current-context 'b' in /home/u/.kube/config: none is defined"),
    (
      "{contexts: [{name: a, context: {}}], current-context: a}",
      "context 'a' in /home/u/.kube/config names no cluster (hint: give it one, or use --server URL)"
    ),
    (
      "{contexts: [{name: a, context: {cluster: prd}}], clusters: [{name: prod}], current-context: a}",
      "context 'a' in /home/u/.kube/config names the unknown cluster 'prd': known are prod (hint: did you mean 'prod'?)"
    ),
    (
      "{contexts: [{name: a, context: {cluster: b}}], clusters: [{name: b}], current-context: a}",
      "cluster 'b' in /home/u/.kube/config has no server (hint: give it one, or use --server URL)"
    ),
    (
      "{contexts: [{name: a, context: {cluster: b, user: u}}], clusters: [{name: b, cluster: {server: 'https://b'}}], current-context: a}",
      "context 'a' in /home/u/.kube/config names the unknown user 'u': none is defined"
    ),
  ])
  func `a broken kubeconfig is one line with its place`(_ text: String, _ message: String) throws {
    let failure = try ConfigurationWorld(text).failure()
    #expect(failure.hasPrefix(message), "\(failure)")
  }
}
