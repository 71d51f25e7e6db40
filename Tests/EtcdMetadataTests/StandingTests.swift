import Testing

@testable import EtcdMetadata

@Suite("a store that was given up")
final class StandingTests {
  private var standing = Standing(recorded: 5)

  private func isDue() -> Bool { standing.takeDue() }

  @Test("given a record, then deletions are what others did")
  func known() {
    #expect(!standing.isGivenUp)
    #expect(!isDue())
  }

  @Test("given no record, then deletions are not believed until the store has followed to its return")
  func removed() {
    standing.setRecorded(nil, at: 7)
    #expect(standing.isGivenUp && !isDue())
    standing.beginReturn()
    standing.endReturn(at: 9)
    #expect(standing.isGivenUp && !isDue())
    standing.setRecorded(9, at: 9)
    #expect(isDue() && !standing.isGivenUp)
    #expect(!isDue())
  }

  @Test("given a return of which the store has heard nothing yet, then deletions are not believed")
  func returning() {
    standing.beginReturn()
    #expect(standing.isGivenUp)
    standing.endReturn(at: 9)
    #expect(standing.isGivenUp && !isDue())
  }

  @Test("given a second return, then the first one is over")
  func twice() {
    standing.endReturn(at: 9)
    standing.endReturn(at: 12)
    standing.setRecorded(9, at: 9)
    #expect(!isDue())
    standing.setRecorded(12, at: 12)
    #expect(isDue())
  }

  @Test("given another watch that lags behind, then a revision tells whether the store was given up")
  func behind() {
    standing.setRecorded(nil, at: 7)
    standing.beginReturn()
    standing.endReturn(at: 9)
    standing.setRecorded(9, at: 9)
    #expect(isDue())
    let verdicts = [6, 7, 8, 9, 10].map { standing.wasGivenUp(at: $0, followed: 10, isCertain: true) }
    #expect(verdicts == [false, true, true, false, false])
  }

  @Test("given another watch that is ahead, then only a store with a lease, and no return, believes it")
  func ahead() {
    #expect(standing.wasGivenUp(at: 8, followed: 6, isCertain: true) == false)
    #expect(standing.wasGivenUp(at: 8, followed: 6, isCertain: false) == nil)
    standing.beginReturn()
    #expect(standing.wasGivenUp(at: 8, followed: 6, isCertain: true) == nil)
    standing.setRecorded(nil, at: 7)
    #expect(standing.wasGivenUp(at: 8, followed: 8, isCertain: false) == true)
  }

  @Test("given that its record was read again and is the same, then there was no absence")
  func readAgain() {
    standing.setRecorded(nil, at: 8)
    standing.setRecorded(5, at: 5)
    #expect(standing.wasGivenUp(at: 8, followed: 9, isCertain: true) == false)
  }
}
