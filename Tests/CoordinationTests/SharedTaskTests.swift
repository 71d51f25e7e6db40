import Support
import Synchronization
import Testing

@testable import Coordination

@Suite struct SharedTaskTests {
  @Test func `everybody gets the one result`() async throws {
    let counter = Counter()
    let shared = SharedTask { counter.next() }
    for _ in 1...3 { #expect(try await shared.value() == 1) }
    #expect(shared.isAbandoned == false)
  }

  @Test func `everybody gets the one error`() async {
    let shared = SharedTask<Int> { throw ProgramError(.failed, "x") }
    for _ in 1...2 { await #expect(throws: ProgramError.self) { try await shared.value() } }
  }

  @Test func `the work ends with its last caller`() async {
    let shared = SharedTask { try await Task.sleep(for: .seconds(600)) }
    let callers = (1...3).map { _ in Task { try await shared.value() } }
    for caller in callers { caller.cancel() }
    for caller in callers { await #expect(throws: CancellationError.self) { try await caller.value } }
    #expect(shared.isAbandoned)
  }

  @Test func `the work goes on while somebody waits`() async throws {
    let (gate, opening) = AsyncStream.makeStream(of: Void.self)
    let shared = SharedTask {
      for await _ in gate { return 7 }
      throw CancellationError()
    }
    let (first, second) = (Task { try await shared.value() }, Task { try await shared.value() })
    while shared.callerCount < 2 { await Task.yield() }
    first.cancel()
    while shared.callerCount > 1 { await Task.yield() }
    opening.yield()
    #expect(try await second.value == 7)
  }
}

private final class Counter: Sendable {
  private let count = Mutex(0)

  func next() -> Int {
    count.withLock { count in
      count += 1
      return count
    }
  }
}
