import KubernetesClient
import Support
import Testing

/// What proves the user to the server.
@Suite struct UserTests {
  private func world(_ user: String, files: [String: String] = [:]) -> ConfigurationWorld {
    ConfigurationWorld(ConfigurationWorld.kubeconfig(user: user), files: files)
  }

  private func credentials(_ user: String, files: [String: String] = [:]) async throws -> Credentials {
    try await world(user, files: files).resolve().credentials.current()
  }

  @Test func `a token is a bearer token`() async throws {
    #expect(try await credentials("token: abc").authorization == "Bearer abc")
    #expect(try await credentials("token: \"abc\\n\"").authorization == "Bearer abc")
    #expect(try await world("token: abc").resolve().credentials.refresh() == false)
  }

  @Test func `a name and a password are basic authentication`() async throws {
    #expect(
      try await credentials("username: Aladdin, password: 'open sesame'").authorization
        == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")
    #expect(try await credentials("username: a").authorization == "Basic YTo=")
  }

  @Test func `a user without anything is anonymous`() async throws {
    #expect(try await credentials("") == Credentials())
  }

  @Test func `a certificate comes from files or from data`() async throws {
    let (certificate, key) = (ConfigurationWorld.certificate, ConfigurationWorld.key)
    let files = ["/home/u/.kube/c": certificate, "/k": key]
    let fromFiles = try await credentials("client-certificate: c, client-key: /k", files: files)
    #expect(fromFiles.certificate == ClientCertificate(chain: .file("/home/u/.kube/c"), key: .file("/k")))
    let data = [certificate, key].map { Base64.encode(Array($0.utf8)) }
    let fromData = try await credentials(
      "client-certificate: c, client-certificate-data: \(data[0]), client-key-data: \(data[1]), token: t")
    #expect(
      fromData.certificate
        == ClientCertificate(chain: .data(Array(certificate.utf8)), key: .data(Array(key.utf8))))
    #expect(fromData.authorization == "Bearer t")
  }

  @Test func `a token file is read again for each request, and preferred to a token`() async throws {
    let world = world("tokenFile: token, token: old", files: ["/home/u/.kube/token": "one\n"])
    let source = try world.resolve().credentials
    #expect(try await source.current().authorization == "Bearer one")
    #expect(await source.refresh() == false)
    world["/home/u/.kube/token"] = "two"
    #expect(await source.refresh())
    #expect(try await source.current().authorization == "Bearer two")
    #expect(await source.refresh() == false)
    world["/home/u/.kube/token"] = nil
    #expect(try await source.current().authorization == "Bearer old")
  }

  @Test func `tokens rotate on a real disk`() async throws {
    let folder = try PluginFolder(nil)
    try folder.write("token", "one")
    folder.world["\(folder.path)/config"] = ConfigurationWorld.kubeconfig(user: "tokenFile: token")
    var sources = folder.world.sources
    sources.readBytes = { [world = folder.world] path throws(ProgramError) in
      if let text = world[path] { return Array(text.utf8) }
      return try ConfigurationSources.process.readBytes(path)
    }
    let source = try ClientConfiguration.resolve(ConnectionOptions(), sources: sources).credentials
    #expect(try await source.current().authorization == "Bearer one")
    try folder.write("token", "two\n")
    #expect(await source.refresh())
    #expect(try await source.current().authorization == "Bearer two")
  }

  @Test func `a token file that vanishes is an error of the next request`() async throws {
    let world = world("tokenFile: /token", files: ["/token": "one"])
    let source = try world.resolve().credentials
    world["/token"] = nil
    let error = try await #require(throws: ProgramError.self) { try await source.current() }
    #expect(error.description == "no token for user 'a' in /home/u/.kube/config: /token does not exist")
  }

  @Test func `the user of a kubeconfig may act as another one`() throws {
    #expect(try world("token: t, as: jane").resolve().impersonation?.user == "jane")
    let options = ConnectionOptions(impersonate: "john")
    #expect(try world("token: t, as: jane").resolve(options).impersonation?.user == "john")
  }

  @Test(arguments: [
    ("token: 7", "invalid token of user 'a' in /home/u/.kube/config: it is not a text (hint: put it in quotes)"),
    ("token: a b", "invalid token of user 'a' in /home/u/.kube/config: it has blanks"),
    ("tokenFile: /t", "no token for user 'a' in /home/u/.kube/config: /t does not exist"),
    ("tokenFile: /e", "no token for user 'a' in /home/u/.kube/config: /e is empty"),
    (
      "token: t, username: u", "user 'a' in /home/u/.kube/config has a token and a username (hint: remove one of them)"
    ),
    (
      "client-key: /k",
      "user 'a' in /home/u/.kube/config has no client-certificate: a certificate and its key belong together"
    ),
    (
      "client-certificate: /none",
      "invalid client-certificate of user 'a' in /home/u/.kube/config: there is no file /none"
    ),
    ("client-key: /e", "invalid client-key of user 'a' in /home/u/.kube/config: /e holds no PEM"),
    ("client-key-data: '*'", "invalid client-key-data of user 'a' in /home/u/.kube/config: it is not base64"),
    (
      "auth-provider: {name: gcp}",
      "user 'a' in /home/u/.kube/config uses the auth-provider 'gcp': Kubernetes 1.26 removed it "
        + "(hint: let the provider's tool write an 'exec' user, for instance with gke-gcloud-auth-plugin or kubelogin)"
    ),
  ])
  func `a wrong user names the field and the file`(_ user: String, _ message: String) throws {
    #expect(try world(user, files: ["/k": ConfigurationWorld.key, "/e": "\n"]).failure() == message)
  }
}
