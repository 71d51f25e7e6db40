import Glibc
import KubernetesObjects
import Support
import Testing

@testable import KubernetesClient

@Suite("connections", .timeLimit(.minutes(10)))
struct ConnectionTests {
  @Test("twenty calls at once share a few connections")
  func shared() async throws {
    let world = try await TestWorld()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for index in 0..<20 { group.addTask { _ = try await world.client.get(world.reference("a-\(index)")) } }
      try await group.waitForAll()
    }
    let requests = try await world.double.requests("/\(world.namespace)/configmaps/a-")
    #expect(requests.count == 20)
    #expect(Set(requests.compactMap { $0["connection"]?.int }).count <= 8)
  }

  @Test("calls go on while many watches are open")
  func beside() async throws {
    let world = try await TestWorld()
    let started = Recorder<Void>()
    let watches = (0..<12).map { _ in
      Task { for try await _ in world.client.watch(.configMap, namespace: world.namespace) { started.append(()) } }
    }
    try await eventually("all have listed") { started.all.count >= 12 }
    for index in 0..<10 { _ = try await world.client.create(world.configMap("a-\(index)")) }
    try await eventually("all have seen all") { started.all.count >= 12 * 11 }
    for watch in watches { watch.cancel() }
  }

  @Test("a cancelled call ends at once and leaves the client usable")
  func cancelled() async throws {
    let server = try ScriptedServer { $0 == 0 ? [.silence] : [answer("200 OK", #"{"major":"1","minor":"30"}"#)] }
    let client = testClient(ClientConfiguration(server: server.url, credentials: FixedCredentials()))
    let task = Task { try await client.version() }
    try await eventually("it was asked") { server.requests.all.count == 1 }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(try await client.version().minor == 30)
  }

  @Test(
    "connecting may take half a minute in all, unless --request-timeout says otherwise",
    arguments: [
      (nil, .seconds(30), .seconds(60)), (2, .seconds(2), .seconds(2)), (90, .seconds(90), .seconds(90)),
      (0, nil, nil),
    ] as [(Double?, Duration?, Duration?)])
  func limits(asked: Double?, connection: Duration?, exchange: Duration?) {
    let configuration = ClientConfiguration(
      server: "https://s", credentials: FixedCredentials(), requestTimeout: asked)
    let limits = testClient(configuration).limits
    #expect(limits.connection == connection && limits.exchange == exchange)
  }

  @Test("a client that is gone leaves no thread and no descriptor behind")
  func nothingStays() async {
    await #expect(processExitsWith: .success) {
      let server = try ScriptedServer { _ in [answer("200 OK", #"{"major":"1","minor":"30"}"#)] }
      let configuration = ClientConfiguration(server: server.url, credentials: FixedCredentials())
      func use() async throws {
        let client = testClient(configuration)
        for _ in 0..<3 { _ = try await client.version() }
      }
      try await use()
      let before = entries("/proc/self/fd").count
      for _ in 0..<40 { try await use() }
      // The runtime and libcurl open a few for good; one per client would be 40.
      try await eventually("no descriptor is left") { entries("/proc/self/fd").count < before + 10 }
      let threads = entries("/proc/self/task").compactMap { try? TextFile.read("/proc/self/task/\($0)/comm") }
      #expect(!threads.contains("kubernetes-http\n"))
    }
  }
}

private func entries(_ directory: String) -> [String] {
  guard let stream = opendir(directory) else { return [] }
  defer { closedir(stream) }
  var names: [String] = []
  while let entry = readdir(stream) {
    let name = withUnsafePointer(to: entry.pointee.d_name) {
      $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
    }
    if !name.hasPrefix(".") { names.append(name) }
  }
  return names
}
