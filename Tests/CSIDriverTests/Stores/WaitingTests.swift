import GRPCCore
import Support
import Synchronization
import Testing

@testable import CSIDriver

private final class Occupancy: Sendable {
  private let now = Atomic(0)
  private let peak = Atomic(0)

  var most: Int { peak.load(ordering: .relaxed) }

  func enter() { peak.max(now.add(1, ordering: .relaxed).newValue, ordering: .relaxed) }
  func leave() { now.subtract(1, ordering: .relaxed) }
}

@Suite("Waiting for stores")
struct WaitingTests {
  @Test("ends with what the thread says")
  func answer() async {
    #expect(await onThread(within: .seconds(60), orElse: 0) { 42 } == 42)
  }

  @Test("ends when time is up, while the thread goes on")
  func late() async {
    let (go, ended) = (Semaphore(), Semaphore())
    let answer = await onThread(within: .milliseconds(5), orElse: "late") {
      go.wait()
      ended.signal()
      return "answer"
    }
    #expect(answer == "late")
    go.signal()
    ended.wait()
  }

  @Test("ends when the caller is cancelled, before or after it began")
  func cancelled() async {
    let (go, begun) = (Semaphore(), Semaphore())
    let task = Task {
      await onThread(within: .seconds(3600), orElse: "cancelled") {
        begun.signal()
        go.wait()
        return "answer"
      }
    }
    await onThread(within: .seconds(60), orElse: ()) { begun.wait() }
    task.cancel()
    #expect(await task.value == "cancelled")
    go.signal()
    let early = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return await onThread(within: .seconds(3600), orElse: "cancelled") { "answer" }
    }
    #expect(await early.value == "cancelled")
  }

  @Test("a call that takes too long is cancelled and says so")
  func timeLimit() async {
    let error = await #expect(throws: RPCError.self) {
      try await withTimeLimit(.milliseconds(5), late: .late("too long")) { try await Task.sleep(for: .seconds(3600)) }
    }
    #expect(error?.code == .deadlineExceeded && error?.message == "too long")
  }

  @Test("no more than the seats have a seat, and everybody gets one")
  func seats() async {
    let seats = Seats(count: 3)
    let occupancy = Occupancy()
    await withTaskGroup(of: Int?.self) { group in
      for index in 0..<50 {
        group.addTask {
          await seats.withSeat {
            occupancy.enter()
            await Task.yield()
            occupancy.leave()
            return index
          }
        }
      }
      var came: Set<Int> = []
      for await index in group { if let index { came.insert(index) } }
      #expect(came.count == 50)
    }
    #expect(occupancy.most <= 3)
  }

  @Test("who is cancelled gives up waiting for a seat, and takes nobody else's")
  func cancelledSeat() async {
    let seats = Seats(count: 1)
    let outcome = await seats.withSeat {
      let waiting = Task { await seats.withSeat { true } }
      waiting.cancel()
      return await waiting.value
    }
    #expect(outcome == .some(nil))
    #expect(await seats.withSeat { true } == true)
  }
}

@Suite("Values from the API server")
struct FreshValueTests {
  private final class Source: Sendable {
    let count = Atomic(0)
    func next() -> Int { count.add(1, ordering: .relaxed).newValue }
  }

  @Test("are fetched once for all who ask at the same time, and kept")
  func shared() async throws {
    let source = Source()
    let value = FreshValue(lifetime: .seconds(3600)) {
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

  @Test("are fetched anew when they are old or refused")
  func renewed() async throws {
    let source = Source()
    let old = FreshValue(lifetime: .zero) { .success(source.next()) }
    #expect(try await old.current() == 1)
    #expect(try await old.current() == 2)
    let kept = FreshValue(lifetime: .seconds(3600)) { .success(source.next()) }
    #expect(try await kept.current() == 3)
    #expect(try await kept.current(insteadOf: 2) == 3)
    #expect(try await kept.current(insteadOf: 3) == 4)
  }

  @Test("failures are not kept")
  func failure() async throws {
    let source = Source()
    let value = FreshValue<Int>(lifetime: .seconds(3600)) {
      source.next() == 1 ? .failure(RPCError(code: .unavailable, message: "gone")) : .success(7)
    }
    await #expect(throws: RPCError.self) { try await value.current() }
    #expect(try await value.current() == 7)
  }
}
