import StoreProtocol
import Testing

@testable import StoreServer

extension StoreServerTests {
  @Suite("which sessions there may be, and how long")
  struct SessionLedgerTests {
    @Test("one waits for its first connection until its deadline, then for its last")
    func deadlines() {
      var ledger = SessionLedger(limitPerCreator: 2, limit: 3, grace: 60)
      ledger.add(1, of: "a", now: 100)
      ledger.add(2, of: "a", now: 110)
      #expect(ledger.nextDeadline == 160)
      ledger.visit(1)
      #expect(ledger.nextDeadline == 170 && ledger.visited == [1])
      #expect(ledger.expired(at: 169) == [])
      #expect(ledger.expired(at: 170) == [2])
      ledger.remove(2)
      #expect(ledger.nextDeadline == nil)
    }

    @Test("[Error] more than a creator may have, or all together")
    func limits() throws {
      var ledger = SessionLedger(limitPerCreator: 2, limit: 3, grace: 60)
      for id in 1...2 { ledger.add(UInt64(id), of: "a", now: 0) }
      let atLimit = ledger
      #expect(throws: StoreError.self) { try atLimit.requireRoom(for: "a") }
      try ledger.requireRoom(for: "b")
      ledger.add(3, of: "b", now: 0)
      let full = ledger
      #expect(throws: StoreError.self) { try full.requireRoom(for: "c") }
      ledger.remove(1)
      try ledger.requireRoom(for: "a")
    }
  }
}
