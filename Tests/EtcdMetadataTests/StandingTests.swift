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
    standing.setRecorded(nil)
    #expect(standing.isGivenUp && !isDue())
    standing.beginReturn()
    standing.endReturn(at: 9)
    #expect(standing.isGivenUp && !isDue())
    standing.setRecorded(9)
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
    standing.setRecorded(9)
    #expect(!isDue())
    standing.setRecorded(12)
    #expect(isDue())
  }
}
