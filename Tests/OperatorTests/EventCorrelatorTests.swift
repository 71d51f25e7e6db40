import Testing

@testable import Operator

@Suite struct EventCorrelatorTests {
  private let start = ContinuousClock.now

  private func key(_ message: String, uid: String = "u") -> EventCorrelator.Key {
    EventCorrelator.Key(uid: uid, reason: "R", message: message)
  }

  @Test func `the same event again is counted under its first name`() {
    var correlator = EventCorrelator()
    #expect(correlator.decide(key("m"), name: "first", at: start) == .create)
    #expect(correlator.decide(key("m"), name: "second", at: start) == .repeated(name: "first", count: 2))
    #expect(correlator.decide(key("other"), name: "third", at: start) == .create)
  }

  @Test func `an object has only so many events, and one more after a while`() {
    var correlator = EventCorrelator()
    for number in 0..<25 { #expect(correlator.decide(key("\(number)"), name: "n", at: start) == .create) }
    #expect(correlator.decide(key("x"), name: "n", at: start) == .drop)
    #expect(correlator.decide(key("x", uid: "another"), name: "n", at: start) == .create)
    #expect(correlator.decide(key("x"), name: "n", at: start + .seconds(300)) == .create)
    #expect(correlator.decide(key("y"), name: "n", at: start + .seconds(300)) == .drop)
  }

  @Test func `only so much is remembered, the latest`() {
    var correlator = EventCorrelator()
    for number in 0..<(3 * EventCorrelator.limit) {
      let now = start + .milliseconds(number)
      #expect(correlator.decide(key("m", uid: "\(number)"), name: "\(number)", at: now) == .create)
      #expect(correlator.count <= 2 * EventCorrelator.limit)
    }
    let last = 3 * EventCorrelator.limit - 1
    let now = start + .milliseconds(last)
    #expect(correlator.decide(key("m", uid: "\(last)"), name: "x", at: now) == .repeated(name: "\(last)", count: 2))
    #expect(correlator.decide(key("m", uid: "0"), name: "x", at: now) == .create)
  }
}
