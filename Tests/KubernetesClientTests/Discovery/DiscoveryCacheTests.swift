import Testing

@testable import KubernetesClient

@Suite struct DiscoveryCacheTests {
  @Test func `the end of the only caller ends the question, and the next one asks again`() async throws {
    let cache = DiscoveryCache()
    let caller = Task { try await cache.resources("v1") { try await sleepForEver() } }
    caller.cancel()
    await #expect(throws: CancellationError.self) { try await caller.value }
    let answer = try await cache.resources("v1") { [:] }
    #expect(answer.isOwn && answer.resources.isEmpty)
    #expect(try await cache.resources("v1") { try await sleepForEver() }.isOwn == false)
  }
}

private func sleepForEver() async throws -> DiscoveryCache.Resources {
  try await Task.sleep(for: .seconds(600))
  return [:]
}
