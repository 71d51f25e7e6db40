import Testing

@testable import Coordination

@Suite struct BackOffTests {
  @Test func `delays double up to a limit`() {
    let backOff = BackOff.steady(first: .milliseconds(100), longest: .seconds(1))
    #expect((1...6).map { backOff.delay(after: $0) } == [100, 200, 400, 800, 1000, 1000].map { .milliseconds($0) })
    #expect(backOff.delay(after: 1_000_000) == .seconds(1))
  }

  @Test func `jitter takes away up to half of a delay`() {
    var backOff = BackOff(first: .milliseconds(100), longest: .seconds(1), jitter: { 0 })
    #expect(backOff.delay(after: 1) == .milliseconds(50))
    #expect(backOff.delay(after: 1_000_000) == .milliseconds(500))
    backOff.jitter = { 0.5 }
    #expect(backOff.delay(after: 1) == .milliseconds(75))
  }
}
