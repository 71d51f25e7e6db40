import StoreProtocol
import Testing

@testable import StoreServer

extension StoreServerTests {
  @Suite("which sessions there may be, and how long")
  struct SessionLedgerTests {
    @Test("one waits for its first connection, then for its last")
    func visits() {
      var ledger = SessionLedger(limitPerCreator: 2, limit: 3)
      ledger.add(1, of: "a")
      ledger.add(2, of: "a")
      ledger.visit(1)
      #expect(ledger.visited == [1])
      #expect(!ledger.isAwaited(1) && ledger.isAwaited(2))
      ledger.remove(2)
      #expect(!ledger.isAwaited(2))
    }

    @Test("[Error] more than a creator may have, or all together")
    func limits() throws {
      var ledger = SessionLedger(limitPerCreator: 2, limit: 3)
      for id in 1...2 { ledger.add(UInt64(id), of: "a") }
      let atLimit = ledger
      #expect(throws: StoreError.self) { try atLimit.requireRoom(for: "a") }
      try ledger.requireRoom(for: "b")
      ledger.add(3, of: "b")
      let full = ledger
      #expect(throws: StoreError.self) { try full.requireRoom(for: "c") }
      ledger.remove(1)
      try ledger.requireRoom(for: "a")
    }
  }
}
