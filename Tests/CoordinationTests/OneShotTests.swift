import Testing

@testable import Coordination

@Suite struct OneShotTests {
  @Test func `the first of several values counts, given before or while somebody waits`() async {
    let early = OneShot<Int>()
    early.give(1)
    early.give(2)
    #expect(await early.value() == 1)
    let late = OneShot<Int>()
    let value = await late.value {
      late.give(3)
      late.give(4)
    }
    #expect(value == 3)
  }

  @Test func `a latch lets everybody go on who waits, and everybody who comes later`() async throws {
    let latch = Latch()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<20 { group.addTask { try await latch.wait() } }
      await Task.yield()
      latch.open()
      try await group.waitForAll()
    }
    try await latch.wait()
  }

  @Test func `one who is cancelled while the latch is closed stops waiting`() async {
    let latch = Latch()
    let waiting = Task { try await latch.wait() }
    waiting.cancel()
    await #expect(throws: CancellationError.self) { try await waiting.value }
  }
}
