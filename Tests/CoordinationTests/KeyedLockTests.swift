import Support
import Synchronization
import Testing

@testable import Coordination

@Suite("A lock for each key", .timeLimit(.minutes(10)))
struct KeyedLockTests {
  /// The error of one who waited too long.
  private struct Late: Error, Equatable {
    let key: String
    let timeout: TimeSpan
  }

  private struct Failure: Error {}

  private let lock = KeyedLock { Late(key: $0, timeout: $1) }

  /// Who holds which key.
  private final class Record: Sendable {
    private let state = Mutex<(inside: [String: Int], visitors: [Int])>(([:], []))

    /// - Returns: how many are inside now.
    func enter(_ key: String, _ visitor: Int) -> Int {
      state.withLock { state in
        state.visitors.append(visitor)
        state.inside[key, default: 0] += 1
        return state.inside[key, default: 0]
      }
    }

    func leave(_ key: String) { state.withLock { $0.inside[key, default: 0] -= 1 } }

    var visitors: [Int] { state.withLock { $0.visitors } }
  }

  /// Lets others run until something holds.
  private func until(_ condition: () -> Bool) async {
    while !condition() { await Task.yield() }
  }

  @Test("gives a result, and nothing is left of it")
  func result() async throws {
    #expect(try await lock.withLock("a", timeout: .seconds(60)) { 7 } == 7)
    #expect(lock.takenCount == 0)
  }

  @Test("is free again when the work has failed")
  func failure() async throws {
    await #expect(throws: Failure.self) {
      try await lock.withLock("a", timeout: .seconds(60)) { throw Failure() }
    }
    try await lock.withLock("a", timeout: .seconds(60)) {}
    #expect(lock.takenCount == 0)
  }

  @Test("lets one in at a time, in the order in which they came")
  func order() async throws {
    let record = Record()
    try await withThrowingTaskGroup(of: Void.self) { group in
      try await lock.withLock("a", timeout: .seconds(60)) {
        for number in 0..<50 {
          group.addTask {
            try await lock.withLock("a", timeout: .seconds(60)) {
              #expect(record.enter("a", number) == 1)
              await Task.yield()
              record.leave("a")
            }
          }
          await until { lock.waiterCount("a") == number + 1 }
        }
      }
      try await group.waitForAll()
    }
    #expect(record.visitors == Array(0..<50))
    #expect(lock.takenCount == 0)
  }

  @Test("does not hold up other keys")
  func independent() async throws {
    try await lock.withLock("a", timeout: .seconds(60)) {
      try await lock.withLock("b", timeout: .seconds(60)) { #expect(lock.takenCount == 2) }
    }
  }

  @Test("throws its error at who has waited long enough, and lets the others go on", arguments: [0, 1, 20])
  func timeout(milliseconds: Int64) async throws {
    try await lock.withLock("a", timeout: .seconds(60)) {
      let timeout = TimeSpan(nanoseconds: milliseconds * 1_000_000)
      await #expect(throws: Late(key: "a", timeout: timeout)) { try await lock.withLock("a", timeout: timeout) {} }
      #expect(lock.waiterCount("a") == 0)
    }
    try await lock.withLock("a", timeout: .seconds(60)) {}
  }

  @Test("lets go of who is cancelled while waiting, or was before")
  func cancellation() async throws {
    try await lock.withLock("a", timeout: .seconds(60)) {
      let waiting = Task { try await lock.withLock("a", timeout: .seconds(60)) {} }
      await until { lock.waiterCount("a") == 1 }
      waiting.cancel()
      await #expect(throws: CancellationError.self) { try await waiting.value }
      #expect(lock.waiterCount("a") == 0)

      let early = Task {
        await until { Task.isCancelled }
        try await lock.withLock("a", timeout: .seconds(60)) {}
      }
      early.cancel()
      await #expect(throws: CancellationError.self) { try await early.value }
    }
    #expect(lock.takenCount == 0)
  }

  @Test("survives many who come, wait, give up and are cancelled at once")
  func storm() async throws {
    let record = Record()
    await withTaskGroup(of: Void.self) { group in
      for number in 0..<400 {
        group.addTask {
          let key = "\(number % 3)"
          let work = Task {
            try await lock.withLock(key, timeout: TimeSpan(nanoseconds: Int64(number % 7) * 200_000)) {
              #expect(record.enter(key, number) == 1)
              await Task.yield()
              record.leave(key)
            }
          }
          if number % 5 == 0 { work.cancel() }
          _ = await work.result
        }
      }
    }
    #expect(lock.takenCount == 0)
  }
}
