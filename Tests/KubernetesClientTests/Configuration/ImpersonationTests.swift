import KubernetesClient
import Support
import Testing

/// Acting as somebody else, as the kubeconfig says.
@Suite struct ImpersonationTests {
  private func world(_ user: String) -> ConfigurationWorld {
    ConfigurationWorld(ConfigurationWorld.kubeconfig(user: user))
  }

  @Test func `groups, id and extra facts go along`() throws {
    let user = "token: t, as: jane, as-uid: '7', as-groups: [dev, ops], as-user-extra: {scopes: [a, b], 'x/y': [c]}"
    var expected = Impersonation(user: "jane")
    expected.uid = "7"
    expected.groups = ["dev", "ops"]
    expected.extra = [.init("scopes", "a"), .init("scopes", "b"), .init("x/y", "c")]
    #expect(try world(user).resolve().impersonation == expected)
  }

  @Test func `the flag stands over the name only`() throws {
    let options = ConnectionOptions(impersonate: "john")
    var expected = Impersonation(user: "john")
    expected.groups = ["dev"]
    #expect(try world("token: t, as: jane, as-groups: [dev]").resolve(options).impersonation == expected)
    #expect(try world("token: t, as-groups: [dev]").resolve(options).impersonation == expected)
    #expect(try world("token: t, as-groups: []").resolve().impersonation == nil)
  }

  @Test(arguments: [
    (
      "as-groups: [g]",
      "user 'a' in /home/u/.kube/config acts as somebody without a name (hint: give 'as' to the user, or --as USER)"
    ),
    ("as: x, as-groups: g", "invalid as-groups of user 'a' in /home/u/.kube/config: it is not a list of texts"),
    (
      "as: x, as-user-extra: [g]",
      "invalid as-user-extra of user 'a' in /home/u/.kube/config: it is not a mapping of names to lists of texts"
    ),
  ])
  func `what makes no sense is one line`(_ user: String, _ message: String) throws {
    #expect(try world("token: t, \(user)").failure() == message)
  }
}
