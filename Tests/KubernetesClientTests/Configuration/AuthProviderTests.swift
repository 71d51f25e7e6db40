import KubernetesClient
import Support
import Testing

/// The `auth-provider` of a kubeconfig user.
@Suite struct AuthProviderTests {
  /// A token whose claims are these, with the alphabet of JSON web tokens.
  private func token(_ claims: String) -> String {
    let payload = Base64.encode(Array(claims.utf8)).filter { $0 != "=" }
    return "e30.\(String(payload.map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 })).c2ln"
  }

  private func world(_ token: String) -> ConfigurationWorld {
    let config = "idp-issuer-url: 'https://idp', client-id: k, refresh-token: r, id-token: '\(token)'"
    return ConfigurationWorld(
      ConfigurationWorld.kubeconfig(user: "auth-provider: {name: oidc, config: {\(config)}}"))
  }

  @Test(arguments: [#"{"exp":100,"sub":"??>>ü"}"#, #"{"sub":"no end"}"#, "not JSON"])
  func `a valid id-token of oidc is the bearer token`(_ claims: String) async throws {
    let token = token(claims)
    let world = world(token)
    world.advance(seconds: 99)
    #expect(try await world.resolve().credentials.current().authorization == "Bearer \(token)")
  }

  @Test func `an expired one says so`() throws {
    let world = world(token(#"{"exp":100}"#))
    world.advance(seconds: 100)
    #expect(
      try world.failure()
        == "the id-token of user 'a' in /home/u/.kube/config has expired: it was valid until 1970-01-01T00:01:40.000Z "
        + "(hint: log in again with what wrote the kubeconfig, or use an 'exec' user with kubelogin)")
  }

  @Test func `without a token there is nothing to send`() throws {
    #expect(try world("").failure().hasPrefix("user 'a' in /home/u/.kube/config has no id-token (hint: log in again"))
  }

  @Test func `a token beside it counts`() async throws {
    let user = "token: t, auth-provider: {name: oidc, config: {}}"
    let configuration = try ConfigurationWorld(ConfigurationWorld.kubeconfig(user: user)).resolve()
    #expect(try await configuration.credentials.current().authorization == "Bearer t")
  }
}
