import KubernetesClient
import Support
import Testing

/// The service account of a pod.
@Suite struct InClusterTests {
  private static let account = "/var/run/secrets/kubernetes.io/serviceaccount"

  private func pod(_ host: String = "10.96.0.1", kubeconfig: String? = nil) -> ConfigurationWorld {
    ConfigurationWorld(
      kubeconfig,
      files: [
        "\(Self.account)/token": "one\n", "\(Self.account)/ca.crt": ConfigurationWorld.certificate,
        "\(Self.account)/namespace": "apps\n",
      ], environment: ["HOME": "/home/u", "KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": "443"])
  }

  @Test(arguments: [
    ("10.96.0.1", "https://10.96.0.1:443"), ("fd00::1", "https://[fd00::1]:443"),
    ("[fd00::1]", "https://[fd00::1]:443"),
  ])
  func `the kubelet's variables tell the address`(_ host: String, _ server: String) throws {
    let configuration = try pod(host).resolve()
    #expect(configuration.server == server)
    #expect(configuration.context == nil && configuration.namespace == "apps")
    #expect(configuration.tls == TLSOptions(authority: .file("\(Self.account)/ca.crt")))
  }

  @Test func `the token is read again for each request`() async throws {
    let world = pod()
    let source = try world.resolve().credentials
    #expect(try await source.current().authorization == "Bearer one")
    world["\(Self.account)/token"] = "two"
    #expect(try await source.current().authorization == "Bearer two")
  }

  @Test func `a kubeconfig wins over the pod, an empty one does not`() throws {
    #expect(try pod(kubeconfig: ConfigurationWorld.kubeconfig()).resolve().server == "https://a:6443")
    #expect(try pod(kubeconfig: "").resolve().server == "https://10.96.0.1:443")
  }

  @Test func `flags about the connection hold in a pod too`() throws {
    let options = ConnectionOptions(impersonate: "jane", skipsTLSVerification: true, requestTimeout: 0)
    let configuration = try pod().resolve(options)
    #expect(configuration.impersonation?.user == "jane" && configuration.requestTimeout == 0)
    #expect(configuration.tls == TLSOptions(skipsVerification: true))
  }

  @Test func `the token of the pod goes to no other server`() async throws {
    let configuration = try pod().resolve(ConnectionOptions(server: "https://elsewhere"))
    #expect(try await configuration.credentials.current() == Credentials())
  }

  @Test func `a context cannot be chosen in a pod without a kubeconfig`() throws {
    #expect(try pod().failure(ConnectionOptions(context: "x")).hasPrefix("unknown context 'x'"))
  }

  @Test func `a pod without a token is told how to get one`() throws {
    let world = pod()
    world["\(Self.account)/token"] = nil
    #expect(
      try world.failure()
        == "no token for the service account of this pod: \(Self.account)/token does not exist "
        + "(hint: mount it (automountServiceAccountToken) or give --kubeconfig)")
  }
}
