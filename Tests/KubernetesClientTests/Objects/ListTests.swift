import KubernetesObjects
import Testing

@testable import KubernetesClient

@Suite("lists", .timeLimit(.minutes(10)), .disturbancesStrike)
struct ListTests {
  private func fill(_ world: TestWorld, _ count: Int) async throws {
    // A few at a time: on a busy machine the last of a thousand handshakes would take longer than a request may.
    try await withThrowingTaskGroup(of: Void.self) { group in
      for index in 0..<count {
        if index >= 16 { try await group.next() }
        group.addTask {
          _ = try await world.client.create(world.configMap("c-\(index)", labels: ["half": "\(index % 2)"]))
        }
      }
      try await group.waitForAll()
    }
  }

  @Test("1200 objects come in three pages, each object once")
  func pages() async throws {
    let world = try await TestWorld()
    try await fill(world, 1200)
    let list = try await world.client.list(.configMap, namespace: world.namespace, labels: "half")
    #expect(Set(list.items.map(\.name)) == Set((0..<1200).map { "c-\($0)" }))
    #expect(list.items.count == 1200)
    #expect(list.items.allSatisfy { $0.reference.type == .configMap })
    #expect(!list.resourceVersion.isEmpty)
    let pages = try await world.double.requests("/\(world.namespace)/configmaps").filter { $0["method"] == "GET" }
    #expect(pages.count == 3)
  }

  @Test("a page that has expired makes the list start again")
  func expiredToken() async throws {
    let world = try await TestWorld()
    try await fill(world, 501)
    try await world.fault("status", method: "GET", ["code": 410, "skip": 1])
    let list = try await world.client.list(.configMap, namespace: world.namespace, labels: "half")
    #expect(list.items.count == 501)
    let pages = try await world.double.requests("/\(world.namespace)/configmaps").filter { $0["method"] == "GET" }
    #expect(pages.map { $0["status"]?.int } == [200, 410, 200, 200])
  }

  @Test("pages that expire every time are given up for one large page")
  func neverAgain() async throws {
    let world = try await TestWorld()
    try await fill(world, 501)
    let path = "/namespaces/\(world.namespace)/.*continue="
    try await world.double.fault("status", path, times: 9, ["code": 410])
    #expect(try await world.client.list(.configMap, namespace: world.namespace, labels: "half").items.count == 501)
  }

  @Test("a result of many objects is found page by page, and anew when a page has expired")
  func reduction() async throws {
    let world = try await TestWorld()
    try await fill(world, 501)
    try await world.fault("status", method: "GET", ["code": 410, "skip": 1])
    let names = try await world.client.reduce(
      .configMap, namespace: world.namespace, labels: "half", into: [String]()
    ) { names, object in names.append(object.name) }
    #expect(names.count == 501)
    #expect(Set(names).count == 501)
    let pages = try await world.double.requests("/\(world.namespace)/configmaps").filter { $0["method"] == "GET" }
    #expect(pages.map { $0["status"]?.int } == [200, 410, 200, 200])
  }

  @Test("selectors select")
  func selectors() async throws {
    let world = try await TestWorld()
    try await fill(world, 4)
    let half = try await world.client.list(.configMap, namespace: world.namespace, labels: "half in (1)")
    #expect(half.items.map(\.name) == ["c-1", "c-3"])
    let one = try await world.client.list(.configMap, namespace: world.namespace, fields: "metadata.name=c-2")
    #expect(one.items.map(\.name) == ["c-2"])
  }

  @Test("without a namespace the objects of all are listed")
  func everywhere() async throws {
    let (left, right) = (try await TestWorld(), try await TestWorld())
    let label = left.namespace
    _ = try await left.client.create(left.configMap("a", labels: ["world": label]))
    _ = try await left.client.create(right.configMap("b", labels: ["world": label]))
    let list = try await left.client.list(.configMap, labels: "world=\(label)")
    #expect(Set(list.items.map(\.reference)) == [left.reference("a"), right.reference("b")])
  }

  @Test("a kind that the server lacks cannot be listed")
  func unknownKind() async throws {
    let world = try await TestWorld()
    let error = try await thrown(KubernetesError.self) {
      try await world.client.list(ObjectType(apiVersion: "v1", kind: "Nothing"))
    }
    #expect(error.isUnknownKind)
  }
}
