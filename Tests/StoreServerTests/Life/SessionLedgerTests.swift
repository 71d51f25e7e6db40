import StoreProtocol
import Testing

@testable import StoreServer

extension StoreServerTests {
  @Suite("which sessions there may be, and how long")
  struct SessionLedgerTests {
    @Test("one waits for its first connection, then for its last")
    func visits() {
      var ledger = SessionLedger(limitPerCreator: 2, limit: 3)
      var timers = TimerQueue<EventLoop.Timer>()
      let tickets = [1, 2].map { timers.add(at: $0, .session($0)) }
      ledger.add(1, of: "a", endedBy: tickets[0])
      ledger.add(2, of: "a", endedBy: tickets[1])
      ledger.visit(1)
      #expect(ledger.visited == [1])
      #expect(!ledger.isAwaited(1) && ledger.isAwaited(2))
      let removed = ledger.remove(2)
      #expect(removed == tickets[1])
      #expect(!ledger.isAwaited(2))
    }

    @Test("[Error] more than a creator may have, or all together")
    func limits() throws {
      var ledger = SessionLedger(limitPerCreator: 2, limit: 3)
      var timers = TimerQueue<EventLoop.Timer>()
      let ticket = timers.add(at: 1, .housekeeping)
      for id in 1...2 { ledger.add(UInt64(id), of: "a", endedBy: ticket) }
      let atLimit = ledger
      #expect(throws: StoreError.self) { try atLimit.requireRoom(for: "a") }
      try ledger.requireRoom(for: "b")
      ledger.add(3, of: "b", endedBy: ticket)
      let full = ledger
      #expect(throws: StoreError.self) { try full.requireRoom(for: "c") }
      _ = ledger.remove(1)
      try ledger.requireRoom(for: "a")
    }
  }
}
