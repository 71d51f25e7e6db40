import Support
import Synchronization
import Testing

@testable import Coordination

@Suite struct WorkerPoolTests {
  private struct Failure: Error {}

  @Test func `work on a thread gives what it returns or throws`() async throws {
    let pool = WorkerPool(named: "test", count: 2)
    #expect(try await pool.run { 42 } == 42)
    await #expect(throws: Failure.self) { try await pool.run { throw Failure() } }
    #expect(await pool.run(timeout: .seconds(600), orElse: 0) { 42 } == 42)
  }

  @Test func `one who is cancelled while all threads are taken is not served`() async throws {
    let pool = WorkerPool(named: "test", count: 1)
    let (go, begun) = (Semaphore(), OneShot<Void>())
    let busy = Task {
      try await pool.run {
        begun.give(())
        go.wait()
      }
    }
    await begun.value()
    let waiting = Task { try await pool.run {} }
    let patient = Task { await pool.run(timeout: .seconds(3600), orElse: "missed") { "done" } }
    waiting.cancel()
    patient.cancel()
    await #expect(throws: CancellationError.self) { try await waiting.value }
    #expect(await patient.value == "missed")
    go.signal()
    try await busy.value
  }

  @Test func `time is up while the thread goes on`() async {
    let (go, ended) = (Semaphore(), OneShot<Void>())
    let answer = await onThread(named: "test", timeout: .milliseconds(5), orElse: "late") {
      go.wait()
      ended.give(())
      return "answer"
    }
    #expect(answer == "late")
    go.signal()
    await ended.value()
  }

  @Test func `waiting for a thread ends when the caller is cancelled, before or after it began`() async {
    let (go, begun) = (Semaphore(), OneShot<Void>())
    let task = Task {
      await onThread(named: "test", timeout: .seconds(3600), orElse: "cancelled") {
        begun.give(())
        go.wait()
        return "answer"
      }
    }
    await begun.value()
    task.cancel()
    #expect(await task.value == "cancelled")
    go.signal()
    let early = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return await onThread(named: "test", timeout: .seconds(3600), orElse: "cancelled") { "answer" }
    }
    #expect(await early.value == "cancelled")
  }

  @Test func `tasks run side by side, and results come in the order of the elements`() async throws {
    let latches = (0..<8).map { _ in Latch() }
    var told: [Int] = []
    // Each waits for the one behind it, so they end in the opposite order.
    let results = try await Array(0..<8).mapConcurrently(
      { index in
        if index < 7 { try await latches[index + 1].wait() }
        latches[index].open()
        return index * index
      }, inOrder: { told.append($0) })
    #expect(results == (0..<8).map { $0 * $0 } && told == results)
    await #expect(throws: Failure.self) {
      try await [1, 2].mapConcurrently { number in
        if number == 2 { throw Failure() }
        try await Task.sleep(for: .seconds(3600))
      }
    }
  }
}
