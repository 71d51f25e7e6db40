import KubernetesObjects
import Support
import Testing

@testable import Operator

@Suite struct ElectionTests {
  private let start = ContinuousClock.now

  private func lease(_ holder: String, seconds: Int = 10, renewed: String = "t", version: String = "1") -> LeaseRecord {
    LeaseRecord(
      KubernetesObject([
        "metadata": ["resourceVersion": .string(version)],
        "spec": [
          "holderIdentity": .string(holder), "leaseDurationSeconds": Value(seconds), "renewTime": .string(renewed),
          "leaseTransitions": 4,
        ],
      ]))
  }

  @Test func `without a lease it is made`() {
    #expect(ElectionState(identity: "me", now: start).step(at: start) == .create)
  }

  @Test func `a lease of nobody, and one's own, is taken`() {
    for holder in ["", "me"] {
      var state = ElectionState(identity: "me", now: start)
      state.observe(lease(holder), at: start)
      #expect(state.step(at: start) == .take(lease(holder)))
    }
  }

  @Test func `a silent leader is respected for as long as the lease says, by the own clock`() {
    var state = ElectionState(identity: "me", now: start)
    let record = lease("other", seconds: 10, renewed: "1999-01-01T00:00:00.000000Z")
    state.observe(record, at: start)
    #expect(state.step(at: start + .seconds(9)) == .wait(until: start + .seconds(10)))
    state.observe(record, at: start + .seconds(9))
    #expect(state.step(at: start + .seconds(10)) == .take(record))
  }

  @Test func `a leader that renews is respected from then on`() {
    var state = ElectionState(identity: "me", now: start)
    state.observe(lease("other", renewed: "1"), at: start)
    state.observe(lease("other", renewed: "2"), at: start + .seconds(8))
    #expect(state.step(at: start + .seconds(12)) == .wait(until: start + .seconds(18)))
  }

  @Test func `another replica leads within 15 seconds after the leader has died`() {
    let timing = LeaderElection.Timing()
    // The last renewal is seen one look later; looks vary by a fifth.
    #expect(timing.lease + timing.retry * 1.2 < .seconds(15))
    // A leader stops before anybody else may begin.
    #expect(timing.renewal < timing.lease)
    #expect(timing.retry < timing.renewal)
  }

  @Test func `a new holder counts as a transition, a renewal does not`() {
    let now = Timestamp(milliseconds: 0)
    let taken = LeaseRecord.spec(holder: "me", seconds: 10, after: lease("other"), now: now)
    #expect(taken["leaseTransitions"] == 5)
    #expect(taken["acquireTime"] == "1970-01-01T00:00:00.000000Z")
    let renewed = LeaseRecord.spec(holder: "me", seconds: 10, after: lease("me"), now: now)
    #expect(renewed["leaseTransitions"] == nil)
    #expect(renewed["renewTime"] == "1970-01-01T00:00:00.000000Z")
  }

  @Test func `writing is allowed only while the lead lasts`() throws {
    let leadership = Leadership()
    #expect(throws: Leadership.Lost.self) { try leadership.check() }
    leadership.extend(until: .now + .seconds(60))
    try leadership.check()
    leadership.extend(until: .now)
    #expect(throws: Leadership.Lost.self) { try leadership.check() }
    try Leadership.sole.check()
  }
}
