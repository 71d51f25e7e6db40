import KubernetesObjects
import Support
import Testing

@testable import KubernetesClient

@Suite("access", .timeLimit(.minutes(10)))
struct AccessTests {
  /// A user of a test's own, with a token.
  private func user(_ world: TestWorld) async throws -> FixedCredentials {
    let name = "user-\(world.namespace)"
    try await world.double.control("POST", "tokens", ["token": .string(name), "user": .string(name)])
    return FixedCredentials(Credentials(authorization: "Bearer \(name)"))
  }

  @Test("an administrator may do everything, somebody without a role may not")
  func allowed() async throws {
    let world = try await TestWorld()
    let query = AccessQuery(verb: "create", group: "apps", resource: "deployments", namespace: world.namespace)
    #expect(query.description == "create deployments.apps in namespace \(world.namespace)")
    #expect(try await world.client.isAllowed(query))
    let nobody = testClient(world.double.configuration(try await user(world)))
    #expect(try await !nobody.isAllowed(query))
    #expect(try await !nobody.isAllowed(AccessQuery(verb: "get", resource: "pods", subresource: "log", name: "p")))
  }

  @Test("a refusal says who may not do what")
  func forbidden() async throws {
    let world = try await TestWorld()
    let nobody = testClient(world.double.configuration(try await user(world)))
    let error = try await thrown(KubernetesError.self) { try await nobody.get(world.reference("a")) }
    #expect(error.isForbidden)
    #expect(error.description.contains("User \"user-\(world.namespace)\" cannot get resource \"configmaps\""))
  }

  @Test("acting as another user")
  func impersonation() async throws {
    let world = try await TestWorld()
    var configuration = world.double.configuration()
    configuration.impersonation = Impersonation(user: "somebody")
    let error = try await thrown(KubernetesError.self) {
      try await testClient(configuration).get(world.reference("a"))
    }
    #expect(error.message.contains("User \"somebody\""))
  }

  @Test("after a 401 new credentials are asked for, once")
  func refreshed() async throws {
    let world = try await TestWorld()
    let credentials = RenewedCredentials(["Bearer old", "Bearer \(world.double.token)"])
    let client = testClient(world.double.configuration(credentials))
    #expect(try await client.get(world.reference("a")) == nil)
    #expect(credentials.refreshes == 1)
  }

  @Test("credentials that stay wrong are a 401")
  func unauthorized() async throws {
    let world = try await TestWorld()
    let credentials = RenewedCredentials(["Bearer old", "Bearer older", "Bearer \(world.double.token)"])
    let client = testClient(world.double.configuration(credentials))
    let error = try await thrown(KubernetesError.self) { try await client.version() }
    #expect(error.httpStatus == 401)
    #expect(error.asProgramError.hint?.hasPrefix("log in again") == true)
    #expect(credentials.refreshes == 1)
  }

  @Test("the log of a container, or its last lines")
  func logs() async throws {
    let world = try await TestWorld()
    try await world.run(pod: "p")
    try await world.double.control(
      "POST", "logs", ["namespace": .string(world.namespace), "pod": "p", "text": "one\ntwo\nthree\n"])
    #expect(try await world.client.log(ofPod: "p", namespace: world.namespace) == "one\ntwo\nthree\n")
    #expect(
      try await world.client.log(ofPod: "p", namespace: world.namespace, container: "c", tailLines: 1) == "three\n")
    let error = try await thrown(KubernetesError.self) {
      try await world.client.log(ofPod: "p", namespace: world.namespace, container: "c", previous: true)
    }
    #expect(error.asProgramError.message == "cannot read the log of container c of Pod \(world.namespace)/p")
    let missing = try await thrown(KubernetesError.self) {
      try await world.client.log(ofPod: "none", namespace: world.namespace)
    }
    #expect(missing.asProgramError.code == .notFound)
  }
}
