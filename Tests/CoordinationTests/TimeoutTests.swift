import Support
import Testing

@testable import Coordination

@Suite struct TimeoutTests {
  private struct Late: Error {}

  @Test func `work that ends in time gives its output, also an optional one`() async throws {
    #expect(try await withTimeout(.seconds(600)) { 7 } == 7)
    let nothing: Int? = try await withTimeout(.seconds(600)) { nil }
    #expect(nothing == nil)
  }

  @Test func `work that takes too long is cancelled, and the error is the caller's or says how long`() async {
    await #expect(throws: Late.self) {
      try await withTimeout(.milliseconds(5), throwing: Late()) { try await Task.sleep(for: .seconds(3600)) }
    }
    let error = await #expect(throws: TimedOut.self) {
      try await withTimeout(.milliseconds(5)) { try await Task.sleep(for: .seconds(3600)) }
    }
    #expect(error?.description == "no answer within 5 milliseconds")
  }

  @Test func `an error of the work is thrown as it is`() async {
    await #expect(throws: Late.self) { try await withTimeout(.seconds(600)) { throw Late() } }
  }

  @Test func `without a limit there is no deadline, and one that has passed is known`() async throws {
    let endless = Deadline(after: nil)
    #expect(!endless.hasPassed && endless.text.isEmpty)
    #expect(try await endless.race {})
    let passed = Deadline(after: .seconds(0))
    #expect(passed.hasPassed && passed.text == "0s")
    #expect(try await passed.race { try await Task.sleep(for: .seconds(3600)) } == false)
  }
}
