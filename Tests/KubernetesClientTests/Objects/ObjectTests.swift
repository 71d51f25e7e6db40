import KubernetesObjects
import Support
import Testing

@testable import KubernetesClient

@Suite("objects", .timeLimit(.minutes(10)))
struct ObjectTests {
  @Test("what is created can be read, and is deleted once")
  func life() async throws {
    let world = try await TestWorld()
    let created = try await world.client.create(world.configMap("a", ["k": "1"], labels: ["l": "x"]))
    #expect(created.uid != nil)
    #expect(try await world.client.get(world.reference("a")) == created)
    #expect(try await world.client.delete(world.reference("a")))
    #expect(try await world.client.get(world.reference("a")) == nil)
    #expect(try await !world.client.delete(world.reference("a")))
  }

  @Test("creating twice is refused")
  func alreadyExists() async throws {
    let world = try await TestWorld()
    _ = try await world.client.create(world.configMap("a"))
    let error = try await thrown(KubernetesError.self) { try await world.client.create(world.configMap("a")) }
    #expect(error.isAlreadyExists && !error.isConflict)
    #expect(error.operation.description == "create ConfigMap \(world.namespace)/a")
  }

  @Test("a dry run changes nothing")
  func dryRun() async throws {
    let world = try await TestWorld()
    _ = try await world.client.create(world.configMap("a"), dryRun: true)
    _ = try await world.client.apply(world.configMap("a"), dryRun: true)
    #expect(try await world.client.get(world.reference("a")) == nil)
    _ = try await world.client.create(world.configMap("a"))
    #expect(try await world.client.delete(world.reference("a"), dryRun: true))
    #expect(try await world.client.get(world.reference("a")) != nil)
  }

  @Test("applying creates, then changes, and owns its fields as vineyardctl")
  func apply() async throws {
    let world = try await TestWorld()
    _ = try await world.client.apply(world.configMap("a", ["k": "1", "left": "x"]))
    let changed = try await world.client.apply(world.configMap("a", ["k": "2"]))
    #expect(changed.tree["data"] == ["k": "2"])
    #expect(changed.tree["metadata", "managedFields"]?[0]?["manager"] == "vineyardctl")
  }

  @Test("a field of another manager is a conflict, unless it is taken over")
  func conflict() async throws {
    let world = try await TestWorld()
    _ = try await world.client.create(world.configMap("a", ["k": "1"]))
    let error = try await thrown(KubernetesError.self) {
      try await world.client.apply(world.configMap("a", ["k": "2"]))
    }
    #expect(error.isConflict)
    #expect(error.causes.map(\.field) == [".data.k"])
    #expect(error.asProgramError.hint == "--force-conflicts takes the fields over")
    #expect(try await world.client.apply(world.configMap("a", ["k": "2"]), force: true).tree["data", "k"] == "2")
  }

  @Test("a field that the kind does not have is refused")
  func strict() async throws {
    let world = try await TestWorld()
    var object = world.configMap("a")
    object.tree["dota"] = ["k": "v"]
    let error = try await thrown(KubernetesError.self) { try await world.client.apply(object) }
    #expect(error.message.contains("dota"))
    _ = try await thrown(KubernetesError.self) { try await world.client.create(object) }
  }

  @Test("merge patches and JSON patches change fields")
  func patches() async throws {
    let world = try await TestWorld()
    _ = try await world.client.create(world.configMap("a", ["k": "1", "l": "2"]))
    let merged = try await world.client.patch(world.reference("a"), .merge(["data": ["k": nil, "m": "3"]]))
    #expect(merged.tree["data"] == ["l": "2", "m": "3"])
    let patched = try await world.client.patch(
      world.reference("a"), .json([["op": "replace", "path": "/data/l", "value": "4"]]))
    #expect(patched.tree["data"] == ["l": "4", "m": "3"])
    let error = try await thrown(KubernetesError.self) {
      try await world.client.patch(world.reference("missing"), .merge([:]))
    }
    #expect(error.asProgramError.code == .notFound)
  }

  @Test("the status is replaced on its own, and only in the version that was read")
  func status() async throws {
    let world = try await TestWorld()
    let deployment = KubernetesObject([
      "apiVersion": "apps/v1", "kind": "Deployment",
      "metadata": ["name": "d", "namespace": .string(world.namespace)],
      "spec": [
        "replicas": 0, "selector": ["matchLabels": ["a": "b"]],
        "template": [
          "metadata": ["labels": ["a": "b"]], "spec": ["containers": [["name": "c", "image": "example.org/c:1"]]],
        ],
      ],
    ])
    _ = try await world.client.apply(deployment)
    // The controller writes the status too, so the version may be old by the time it is used.
    var read: KubernetesObject?
    try await eventually("the status is replaced") {
      guard var current = try await world.client.get(deployment.reference) else { return false }
      read = current
      current.tree["status", "observedGeneration"] = 7
      current.tree["spec", "replicas"] = 9
      do {
        let replaced = try await world.client.replaceStatus(current)
        #expect(replaced.tree["spec", "replicas"]?.int == 0)
        return replaced.tree["status", "observedGeneration"]?.int == 7
      } catch let error as KubernetesError where error.isConflict {
        return false
      }
    }
    let old = try #require(read)
    let error = try await thrown(KubernetesError.self) { try await world.client.replaceStatus(old) }
    #expect(error.isConflict)
    let patched = try await world.client.patch(
      deployment.reference, .merge(["status": ["observedGeneration": 8]]), subresource: "status")
    #expect(patched.tree["status", "observedGeneration"]?.int == 8)
  }

  @Test("preconditions protect another object of the same name")
  func preconditions() async throws {
    let world = try await TestWorld()
    let created = try await world.client.create(world.configMap("a"))
    let error = try await thrown(KubernetesError.self) {
      try await world.client.delete(world.reference("a"), uid: "00000000-0000-0000-0000-000000000000")
    }
    #expect(error.isConflict)
    _ = try await thrown(KubernetesError.self) {
      try await world.client.delete(world.reference("a"), resourceVersion: "1")
    }
    #expect(
      try await world.client.delete(
        world.reference("a"), propagation: .foreground, uid: created.uid, resourceVersion: created.resourceVersion))
  }

  @Test("an object without a namespace is one of the context's")
  func defaultNamespace() async throws {
    let world = try await TestWorld()
    var configuration = world.double.configuration()
    configuration.namespace = world.namespace
    let client = testClient(configuration)
    var object = world.configMap("a")
    object.namespace = nil
    #expect(try await client.apply(object).namespace == world.namespace)
    #expect(try await client.get(ObjectReference(type: .configMap, name: "a")) != nil)
  }

  @Test("of a kind that the server lacks there are no objects, and none can be made")
  func unknownKind() async throws {
    let world = try await TestWorld()
    let type = ObjectType(apiVersion: "example.org/v1", kind: "Nothing")
    #expect(try await world.client.get(ObjectReference(type: type, namespace: "a", name: "b")) == nil)
    #expect(try await !world.client.delete(ObjectReference(type: type, namespace: "a", name: "b")))
    let object = KubernetesObject(["apiVersion": "example.org/v1", "kind": "Nothing", "metadata": ["name": "b"]])
    for operation in [world.client.apply, { object, _, _ in try await world.client.create(object) }] {
      let error = try await thrown(KubernetesError.self) { try await operation(object, false, false) }
      #expect(error.isUnknownKind)
    }
  }

  @Test("integers of 64 bits and odd texts survive the way there and back")
  func exact() async throws {
    let world = try await TestWorld()
    let texts = ["n": "9223372036854775807", "odd": "\"\\ é😀\u{0}\n", "empty": ""]
    #expect(try await world.client.create(world.configMap("a", texts)).tree["data"]?.stringFields == texts)
    let secret = KubernetesObject([
      "apiVersion": "v1", "kind": "Secret", "metadata": ["name": "s", "namespace": .string(world.namespace)],
      "stringData": ["k": "v"],
    ])
    #expect(try await world.client.create(secret).tree["data"] == ["k": "dg=="])
  }
}
