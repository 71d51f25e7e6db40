import KubernetesObjects
import Testing

@testable import KubernetesClient

@Suite("discovery", .timeLimit(.minutes(10)))
struct DiscoveryTests {
  @Test("the server tells its version")
  func version() async throws {
    let version = try await TestWorld().client.version()
    #expect(version.major == 1)
    #expect(version.minor >= 25)
    #expect(version.gitVersion.hasPrefix("v1."))
  }

  @Test("kinds have a plural name, a scope and verbs")
  func resources() async throws {
    let client = try await TestWorld().client
    let deployment = try #require(try await client.resource(for: .deployment))
    #expect(deployment.plural == "deployments")
    #expect(deployment.isNamespaced)
    #expect(deployment.verbs.isSuperset(of: ["get", "list", "watch", "create", "patch", "delete"]))
    let namespace = try await client.resource(for: ObjectType(apiVersion: "v1", kind: "Namespace"))
    #expect(namespace?.isNamespaced == false)
    #expect(try await client.resource(for: ObjectType(apiVersion: "v1", kind: "Nothing")) == nil)
    #expect(try await client.resource(for: ObjectType(apiVersion: "no.such/v1", kind: "Pod")) == nil)
  }

  @Test("callers who ask together and later share one answer")
  func shared() async throws {
    let server = try ScriptedServer { _ in
      [answer("200 OK", #"{"resources":[{"name":"pods","kind":"Pod","namespaced":true,"verbs":["get"]}]}"#)]
    }
    let client = testClient(ClientConfiguration(server: server.url, credentials: FixedCredentials()))
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<20 { group.addTask { #expect(await (try? client.resource(for: .pod))??.plural == "pods") } }
    }
    #expect(try await client.resource(for: .pod) != nil)
    #expect(server.requests.all.count == 1)
    #expect(try await client.resource(for: .configMap) == nil)
    #expect(server.requests.all.count == 2)
  }

  @Test("a kind that is defined later is found")
  func later() async throws {
    let world = try await TestWorld()
    let group = "\(world.namespace).example.org"
    let type = ObjectType(apiVersion: "\(group)/v1", kind: "Thing")
    #expect(try await world.client.resource(for: type) == nil)
    _ = try await world.client.apply(
      KubernetesObject([
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": ["name": "things.\(group)"],
        "spec": [
          "group": .string(group), "scope": "Namespaced",
          "names": ["plural": "things", "singular": "thing", "kind": "Thing", "listKind": "ThingList"],
          "versions": [
            ["name": "v1", "served": true, "storage": true, "schema": ["openAPIV3Schema": ["type": "object"]]]
          ],
        ],
      ]))
    try await eventually("the kind is served") { try await world.client.resource(for: type) != nil }
    #expect(try await world.client.resource(for: type)?.plural == "things")
  }
}
