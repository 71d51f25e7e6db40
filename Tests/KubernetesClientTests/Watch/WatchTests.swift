import KubernetesObjects
import Testing

@testable import KubernetesClient

@Suite("watches", .timeLimit(.minutes(10)), .disturbancesStrike)
struct WatchTests {
  /// What a watch tells, as short texts.
  private func text(_ event: WatchEvent?) -> String {
    switch event {
    case .replaced(let objects): "replaced \(objects.map(\.name))"
    case .added(let object): "added \(object.name)"
    case .modified(let object): "modified \(object.name) \(object.tree["data", "k"]?.string ?? "")"
    case .deleted(let object): "deleted \(object.name)"
    case nil: "end"
    }
  }

  private func watch(_ world: TestWorld, labels: String? = "l") -> WatchSequence.Iterator {
    world.client.watch(.configMap, namespace: world.namespace, labels: labels).makeAsyncIterator()
  }

  private func put(_ world: TestWorld, _ name: String, _ value: String) async throws {
    _ = try await world.client.apply(world.configMap(name, ["k": value], labels: ["l": "x"]))
  }

  @Test("first what there is, then what changes")
  func events() async throws {
    let world = try await TestWorld()
    try await put(world, "a", "1")
    var events = watch(world)
    #expect(text(try await events.next()) == "replaced [\"a\"]")
    try await put(world, "b", "1")
    try await put(world, "a", "2")
    _ = try await world.client.delete(world.reference("b"))
    #expect(text(try await events.next()) == "added b")
    #expect(text(try await events.next()) == "modified a 2")
    #expect(text(try await events.next()) == "deleted b")
  }

  @Test("a dropped connection loses nothing and repeats nothing")
  func drop() async throws {
    let world = try await TestWorld()
    try await world.double.fault(
      "drop-watch", "/namespaces/\(world.namespace)/", times: 3, ["seconds": .decimal("0.05")])
    var events = watch(world)
    #expect(text(try await events.next()) == "replaced []")
    func requests(with query: String) async throws -> Int {
      try await world.double.requests("/\(world.namespace)/configmaps").count {
        $0["query"]?.string?.contains(query) == true
      }
    }
    var index = 0
    while true {
      try await put(world, "a", "\(index)")
      #expect(text(try await events.next()) == (index == 0 ? "added a" : "modified a \(index)"))
      index += 1
      // The double tells of a watch when it has ended.
      let drops = try await requests(with: "watch=true")
      if index >= 20 && drops >= 3 { break }
    }
    #expect(try await requests(with: "limit=") == 1)
  }

  @Test("a version that is no longer kept makes the watch list again")
  func expired() async throws {
    let world = try await TestWorld()
    try await world.double.fault("expire-watch", "/namespaces/\(world.namespace)/")
    try await put(world, "a", "1")
    var events = watch(world)
    #expect(text(try await events.next()) == "replaced [\"a\"]")
    #expect(text(try await events.next()) == "replaced [\"a\"]")
    try await put(world, "a", "2")
    #expect(text(try await events.next()) == "modified a 2")
  }

  @Test("bookmarks move the version on, so that a later drop needs no list")
  func bookmarks() async throws {
    let version = Recorder<String>()
    let server = try ScriptedServer { index in
      switch index {
      case 0: [answer("200 OK", #"{"resources":[{"name":"pods","kind":"Pod","namespaced":true,"verbs":[]}]}"#)]
      case 1: [answer("200 OK", #"{"metadata":{"resourceVersion":"5"},"items":[]}"#)]
      case 2: [answer("200 OK", #"{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"77"}}}"# + "\n")]
      default: [answer("200 OK", #"{"type":"ADDED","object":{"metadata":{"name":"p","resourceVersion":"78"}}}"# + "\n")]
      }
    }
    let client = testClient(ClientConfiguration(server: server.url, credentials: FixedCredentials()))
    var events = client.watch(.pod).makeAsyncIterator()
    #expect(text(try await events.next()) == "replaced []")
    #expect(text(try await events.next()) == "added p")
    for request in server.requests.all where request.contains("watch=true") {
      version.append(String(request.split(separator: "resourceVersion=")[1].prefix { $0.isNumber }))
    }
    #expect(version.all == ["5", "77"])
  }

  @Test("errors of the server that pass are waited out", arguments: [500, 503, 429])
  func passing(code: Int) async throws {
    let world = try await TestWorld()
    var events = watch(world)
    #expect(text(try await events.next()) == "replaced []")
    try await world.double.fault(
      "status", "/namespaces/\(world.namespace)/.*watch=true", times: 3, ["code": Value(code)])
    try await world.double.fault("drop-watch", "/namespaces/\(world.namespace)/", times: 1)
    try await put(world, "a", "1")
    #expect(text(try await events.next()) == "added a")
    #expect(world.sleeps.all.count >= 3)
  }

  @Test("what the server refuses for good ends the watch")
  func forbidden() async throws {
    let world = try await TestWorld()
    try await world.double.fault("status", "/namespaces/\(world.namespace)/.*watch=true", ["code": 403])
    var events = watch(world)
    #expect(text(try await events.next()) == "replaced []")
    let error = try await thrown(KubernetesError.self) { try await events.next() }
    #expect(error.isForbidden)
    #expect(error.operation.verb == "watch")
  }

  @Test("a list that fails at first ends the watch")
  func unreachable() async throws {
    let client = testClient(ClientConfiguration(server: "http://127.0.0.1:1", credentials: FixedCredentials()))
    var events = client.watch(.pod).makeAsyncIterator()
    let error = try await thrown(TransportError.self) { try await events.next() }
    #expect(error.kind == .unreachable(.refused))
  }

  @Test(
    "a line that is cut or no event makes the watch go on with the next connection",
    arguments: [#"{"type":"ADDED","object":{"meta"#, "junk\n", "[]\n", "{\"type\":\"ADDED\"}\n"])
  func malformed(line: String) async throws {
    let server = try ScriptedServer { index in
      switch index {
      case 0: [answer("200 OK", #"{"resources":[{"name":"pods","kind":"Pod","namespaced":true,"verbs":[]}]}"#)]
      case 1: [answer("200 OK", #"{"metadata":{"resourceVersion":"5"},"items":[]}"#)]
      case 2: [answer("200 OK", line)]
      default: [answer("200 OK", #"{"type":"ADDED","object":{"metadata":{"name":"p","resourceVersion":"6"}}}"# + "\n")]
      }
    }
    let client = testClient(ClientConfiguration(server: server.url, credentials: FixedCredentials()))
    var events = client.watch(.pod).makeAsyncIterator()
    #expect(text(try await events.next()) == "replaced []")
    #expect(text(try await events.next()) == "added p")
  }

  @Test("a reader that is too slow loses its connection, not events")
  func slowReader() async throws {
    let world = try await TestWorld { $0.watchBuffer = 2000 }
    var events = watch(world)
    #expect(text(try await events.next()) == "replaced []")
    try await put(world, "a", "0")
    #expect(text(try await events.next()) == "added a")
    for index in 1..<20 { try await put(world, "a", "\(index)") }
    // Events that are not read yet are too many for the buffer; the next connections bring them piece by piece.
    var last = ""
    for _ in 1..<20 where last != "modified a 19" { last = text(try await events.next()) }
    #expect(last == "modified a 19")
  }

  @Test("a cancelled watch throws, and closes its connection")
  func cancelled() async throws {
    let world = try await TestWorld()
    let events = Recorder<String>()
    let task = Task {
      for try await event in world.client.watch(.configMap, namespace: world.namespace) { events.append(text(event)) }
    }
    try await eventually("it has listed") { !events.all.isEmpty }
    try await put(world, "a", "1")
    try await eventually("it watches") { events.all.contains("added a") }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    try await eventually("the double has seen it go") {
      try await world.double.requests("/\(world.namespace)/configmaps").contains {
        $0["query"]?.string?.contains("watch=true") == true
      }
    }
  }
}
