import Testing

@testable import Operator

@Suite struct AccessDecisionsTests {
  private let start = ContinuousClock.now

  @Test func aDecisionHoldsForAWhile() {
    var decisions = AccessDecisions<String>()
    decisions.note(.allowed, on: "a", now: start)
    decisions.note(.unknown, on: "b", now: start)
    #expect(decisions.decision(on: "a", now: start + .seconds(59)) == .allowed)
    #expect(decisions.decision(on: "a", now: start + .seconds(60)) == nil)
    #expect(decisions.decision(on: "b", now: start + .seconds(9)) == .unknown)
    #expect(decisions.decision(on: "b", now: start + .seconds(10)) == nil)
    #expect(decisions.decision(on: "c", now: start) == nil)
  }

  @Test func inventedTokensDoNotFillTheMemoryOrPushOutWhoIsLetIn() {
    var decisions = AccessDecisions<String>()
    decisions.note(.allowed, on: "scraper", now: start)
    for number in 0..<10_000 { decisions.note(.unknown, on: "\(number)", now: start) }
    #expect(decisions.count <= AccessDecisions<String>.capacity)
    #expect(decisions.decision(on: "scraper", now: start + .seconds(1)) == .allowed)
  }

  @Test func decisionsThatHaveRunOutMakeRoomFirst() {
    var decisions = AccessDecisions<String>()
    for number in 0..<AccessDecisions<String>.capacity { decisions.note(.allowed, on: "\(number)", now: start) }
    decisions.note(.allowed, on: "new", now: start + .seconds(61))
    #expect(decisions.count == 1)
  }
}

@Suite struct BearerTokenTests {
  @Test(arguments: [
    ("Bearer abc.def", "abc.def"), ("bearer  abc ", "abc"), ("Basic abc", nil), ("Bearer", nil), ("Bearer ", nil),
    ("Bearer a b", nil), ("Bearer ä", nil), (nil, nil),
  ])
  func theTokenOfAHeader(header: String?, token: String?) { #expect(AccessGate.token(header) == token) }

  @Test func anEndlessTokenIsNoToken() {
    #expect(AccessGate.token("Bearer \(String(repeating: "a", count: 20_000))") == nil)
  }
}
