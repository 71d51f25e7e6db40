import KubernetesClient
import Support
import Testing

/// The proxy on the way to the API server.
@Suite struct ProxyTests {
  private func proxy(_ server: String, _ environment: [String: String], _ cluster: String = "") throws -> String? {
    try world(server, environment, cluster).resolve().proxy
  }

  private func world(
    _ server: String, _ environment: [String: String], _ cluster: String = ""
  ) -> ConfigurationWorld {
    ConfigurationWorld(
      ConfigurationWorld.kubeconfig(cluster: "server: '\(server)'\(cluster)"),
      environment: environment.merging(["HOME": "/home/u"]) { first, _ in first })
  }

  @Test(arguments: ["HTTPS_PROXY", "https_proxy"])
  func `the environment names the proxy of a TLS server`(_ name: String) throws {
    #expect(try proxy("https://api.corp.test", [name: "http://p:3128"]) == "http://p:3128")
    #expect(try proxy("http://api.corp.test", [name: "http://p:3128"]) == nil)
    #expect(try proxy("http://api.corp.test", ["HTTP_PROXY": "p:3128"]) == "http://p:3128")
    #expect(try proxy("https://api.corp.test", ["HTTPS_PROXY": "http://p", "https_proxy": "http://q"]) == "http://p")
  }

  @Test(arguments: ["ALL_PROXY", "all_proxy"])
  func `a proxy for everything does not count, as with kubectl`(_ name: String) throws {
    #expect(try proxy("https://api.corp.test", [name: "http://p:3128"]) == nil)
  }

  @Test(arguments: [
    "https://127.0.0.1:6443", "https://127.8.9.10", "https://localhost:6443", "https://LocalHost", "https://[::1]:6443",
    "https://[::ffff:127.0.0.1]",
  ])
  func `a server of this machine is reached without the environment's proxy`(_ server: String) throws {
    #expect(try proxy(server, ["HTTPS_PROXY": "http://p"]) == nil)
    #expect(try proxy(server, ["HTTPS_PROXY": "http://p"], ", proxy-url: 'http://q'") == "http://q")
  }

  @Test(arguments: [
    ("*", "https://api.corp.test", true), ("api.corp.test", "https://API.corp.test", true),
    ("corp.test", "https://api.corp.test:6443", true), ("corp.test", "https://corp.test", true),
    ("corp.test", "https://mycorp.test", false), (".corp.test", "https://api.corp.test", true),
    (".corp.test", "https://corp.test", false), ("*.corp.test", "https://api.corp.test", true),
    ("*.corp.test", "https://a.b.corp.test", true), ("*.corp.test", "https://corp.test", false),
    ("api.corp.test:6443", "https://api.corp.test:6443", true),
    ("api.corp.test:6443", "https://api.corp.test", false), ("api.corp.test:443", "https://api.corp.test", true),
    ("10.0.0.7", "https://10.0.0.7:6443", true), ("10.0.0.7:6443", "https://10.0.0.7:6443", true),
    ("10.0.0.7:1", "https://10.0.0.7:6443", false), ("10.0.0.0/8", "https://10.200.0.7", true),
    ("10.0.0.0/9", "https://10.200.0.7", false), ("0.0.0.0/0", "https://10.200.0.7", true),
    ("fd00::/8", "https://[fd00::7]:6443", true), ("[fd00::7]:6443", "https://[fd00::7]:6443", true),
    ("fd00::7", "https://[fd00::7]:6443", true), ("fd00::/8", "https://[fe00::7]", false),
    ("0.7", "https://10.0.0.7", false), (" a.test , api.corp.test ", "https://api.corp.test", true),
    ("", "https://api.corp.test", false), (",:,/8,x/y", "https://api.corp.test", false),
  ])
  func `exceptions are names, domains, addresses and networks`(
    _ exceptions: String, _ server: String, _ isDirect: Bool
  ) throws {
    for name in ["NO_PROXY", "no_proxy"] {
      let proxy = try proxy(server, ["HTTPS_PROXY": "http://p", name: exceptions])
      #expect(proxy == (isDirect ? nil : "http://p"))
    }
  }

  @Test func `exceptions are for the server, not for the name in its certificate`() throws {
    let environment = ["HTTPS_PROXY": "http://p", "NO_PROXY": "10.0.0.7"]
    #expect(try proxy("https://10.0.0.7:6443", environment, ", tls-server-name: api.corp.test") == nil)
    #expect(try proxy("https://10.0.0.8:6443", environment, ", tls-server-name: 10.0.0.7") == "http://p")
    #expect(try proxy("https://10.0.0.8", ["HTTPS_PROXY": "http://p"], ", tls-server-name: localhost") == "http://p")
  }

  @Test func `the proxy of the kubeconfig has no exceptions`() throws {
    let environment = ["HTTPS_PROXY": "http://p", "NO_PROXY": "*"]
    for url in ["http://q", "https://q:8443", "socks5://q:1080", "SOCKS5h://q"] {
      #expect(try proxy("https://api.corp.test", environment, ", proxy-url: '\(url)'") == url)
    }
  }

  @Test func `the environment also counts for a server from the command line, and in a pod`() throws {
    let world = ConfigurationWorld(environment: ["HTTPS_PROXY": "http://p"])
    #expect(try world.resolve(ConnectionOptions(server: "https://api.corp.test")).proxy == "http://p")
    #expect(try world.resolve(ConnectionOptions(server: "https://127.0.0.1")).proxy == nil)
  }

  @Test func `an address that is no proxy's is one line without its password`() throws {
    #expect(
      try world("https://a.test", ["https_proxy": "ftp://me:secret@p:21"]).failure()
        == "invalid https_proxy 'ftp://…@p:21': unsupported scheme 'ftp' (hint: use http, https, socks5, socks5h)")
    #expect(try proxy("https://127.0.0.1", ["HTTPS_PROXY": "ftp://p"]) == nil)
  }
}
