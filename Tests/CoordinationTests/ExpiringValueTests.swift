import Synchronization
import Testing

@testable import Coordination

@Suite struct ExpiringValueTests {
  private struct Gone: Error {}

  private final class Source: Sendable {
    let count = Atomic(0)
    func next() -> Int { count.add(1, ordering: .relaxed).newValue }
  }

  @Test func `a value is fetched once for all who ask at the same time, and kept`() async throws {
    let source = Source()
    let value = ExpiringValue<Int, Gone>(lifetime: .seconds(3600)) {
      await Task.yield()
      return .success(source.next())
    }
    let values = try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<20 { group.addTask { try await value.current() } }
      return try await group.reduce(into: Set<Int>()) { $0.insert($1) }
    }
    #expect(values == [1])
    #expect(try await value.current() == 1)
  }

  @Test func `a value is fetched anew when it is old or refused`() async throws {
    let source = Source()
    let old = ExpiringValue<Int, Gone>(lifetime: .zero) { .success(source.next()) }
    #expect(try await old.current() == 1)
    #expect(try await old.current() == 2)
    let kept = ExpiringValue<Int, Gone>(lifetime: .seconds(3600)) { .success(source.next()) }
    #expect(try await kept.current() == 3)
    #expect(try await kept.current(insteadOf: 2) == 3)
    #expect(try await kept.current(insteadOf: 3) == 4)
  }

  @Test func `failures are not kept`() async throws {
    let source = Source()
    let value = ExpiringValue<Int, Gone>(lifetime: .seconds(3600)) {
      source.next() == 1 ? .failure(Gone()) : .success(7)
    }
    await #expect(throws: Gone.self) { try await value.current() }
    #expect(try await value.current() == 7)
  }
}
