import KubernetesClient
import Support
import Testing

/// Where the API server is and how it proves itself.
@Suite struct ClusterTests {
  private func resolve(
    _ cluster: String, _ options: ConnectionOptions = ConnectionOptions(), files: [String: String] = [:]
  ) throws -> ClientConfiguration {
    try ConfigurationWorld(ConfigurationWorld.kubeconfig(cluster: cluster), files: files).resolve(options)
  }

  @Test(arguments: [
    ("https://Kube.Example.COM:6443/", "https://kube.example.com:6443"),
    ("HTTPS://a/k8s/Clusters/c-1//", "https://a/k8s/Clusters/c-1"),
    ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
    ("https://[FD00::1]:6443/p", "https://[fd00::1]:6443/p"),
    ("a:8080", "http://a:8080"),
  ])
  func `the address keeps port and path and loses slashes at the end`(_ server: String, _ expected: String) throws {
    #expect(try resolve("server: '\(server)'").server == expected)
    #expect(try ConfigurationWorld().resolve(ConnectionOptions(server: server)).server == expected)
  }

  @Test func `an address without a scheme is TLS when something about TLS is said`() throws {
    let insecure = ConnectionOptions(server: "a:6443", skipsTLSVerification: true)
    #expect(try ConfigurationWorld().resolve(insecure).server == "https://a:6443")
    let data = Base64.encode(Array(ConfigurationWorld.certificate.utf8))
    #expect(try resolve("server: 'a:6443', certificate-authority-data: \(data)").server == "https://a:6443")
  }

  @Test(arguments: [
    ("ftp://a", "unsupported scheme 'ftp'"), ("https://", "the host is missing"), ("https://a:x", "'x' is no port"),
    ("https://a:70000", "'70000' is no port"), ("https://[::1", "a bracket is not closed"),
    ("https://a?x=1", "it has a query or a fragment"),
    ("https://u:p@a", "it has a user name, which belongs to the users"),
    ("https://a b", "it has blanks"), ("https://[::1]x", "'' is no port"),
  ])
  func `an unusable address is one line`(_ server: String, _ cause: String) throws {
    let world = ConfigurationWorld(ConfigurationWorld.kubeconfig(cluster: "server: '\(server)'"))
    #expect(
      try world.failure()
        == "invalid server '\(server)' of cluster 'a' in /home/u/.kube/config: \(cause) (hint: write https://HOST:PORT)"
    )
    #expect(
      try world.failure(ConnectionOptions(server: server))
        == "invalid server '\(server)' of --server: \(cause) (hint: write https://HOST:PORT)")
  }

  @Test func `every field of a cluster is heeded`() throws {
    let data = Base64.encode(Array(ConfigurationWorld.certificate.utf8))
    let configuration = try resolve(
      """
      server: https://a, tls-server-name: kube.internal, proxy-url: 'socks5://p:1080', certificate-authority: /unused,
      certificate-authority-data: \(data)
      """)
    #expect(
      configuration.tls
        == TLSOptions(authority: .data(Array(ConfigurationWorld.certificate.utf8)), serverName: "kube.internal"))
    #expect(configuration.proxy == "socks5://p:1080")
    #expect(try resolve("server: https://a, insecure-skip-tls-verify: true").tls == TLSOptions(skipsVerification: true))
  }

  @Test func `flags stand over the cluster`() throws {
    let cluster = "server: https://a, certificate-authority: ca.pem, tls-server-name: kube"
    let files = ["/home/u/.kube/ca.pem": ConfigurationWorld.certificate]
    let moved = try resolve(cluster, ConnectionOptions(server: "https://b/"), files: files)
    #expect(moved.server == "https://b")
    #expect(moved.tls == TLSOptions(authority: .file("/home/u/.kube/ca.pem")))
    let insecure = try resolve(cluster, ConnectionOptions(skipsTLSVerification: true))
    #expect(insecure.tls == TLSOptions(serverName: "kube", skipsVerification: true))
    let options = ConnectionOptions(impersonate: "jane", requestTimeout: 3)
    let impersonated = try resolve(cluster, options, files: files)
    #expect(impersonated.impersonation?.user == "jane" && impersonated.requestTimeout == 3)
  }

  @Test func `a server alone needs no kubeconfig and sends no credentials`() async throws {
    let configuration = try ConfigurationWorld().resolve(ConnectionOptions(server: "https://b"))
    #expect(configuration.context == nil && configuration.namespace == nil)
    #expect(try await configuration.credentials.current() == Credentials())
    let withoutContext = ConfigurationWorld("clusters: [{name: x, cluster: {server: 'https://x'}}]")
    #expect(try withoutContext.resolve(ConnectionOptions(server: "https://b")).server == "https://b")
  }

  @Test(arguments: [
    (
      "certificate-authority-data: '%%%'",
      "invalid certificate-authority-data of cluster 'a' in /home/u/.kube/config: it is not base64"
    ),
    (
      "certificate-authority-data: TUE=",
      "invalid certificate-authority-data of cluster 'a' in /home/u/.kube/config: it holds no PEM"
    ),
    (
      "certificate-authority: ca.pem",
      "invalid certificate-authority of cluster 'a' in /home/u/.kube/config: there is no file /home/u/.kube/ca.pem"
    ),
    (
      "insecure-skip-tls-verify: 'yes'",
      "invalid insecure-skip-tls-verify of cluster 'a' in /home/u/.kube/config: it is not true or false"
    ),
    (
      "proxy-url: 'ftp://p'",
      "invalid proxy-url of cluster 'a' in /home/u/.kube/config: unsupported scheme 'ftp' (hint: use http, https, socks5, socks5h)"
    ),
    (
      "insecure-skip-tls-verify: true, certificate-authority: /ca",
      "cluster 'a' in /home/u/.kube/config has a certificate-authority and insecure-skip-tls-verify (hint: remove one of them)"
    ),
  ])
  func `a wrong field names itself and its file`(_ field: String, _ message: String) throws {
    let world = ConfigurationWorld(
      ConfigurationWorld.kubeconfig(cluster: "server: https://a, \(field)"),
      files: ["/ca": ConfigurationWorld.certificate])
    #expect(try world.failure() == message)
  }
}
