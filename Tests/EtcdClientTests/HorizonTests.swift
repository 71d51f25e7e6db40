import Testing

@testable import EtcdClient

@Suite("what several watches of one etcd are told")
struct HorizonTests {
  private let horizon = EtcdHorizon()

  private func isLost(_ revision: Int64, of history: Int) -> Bool {
    do throws(EtcdError) {
      try horizon.check(revision, of: history)
      return false
    } catch {
      if case .historyLost = error { return true }
      return false
    }
  }

  @Test("given an etcd that is where it was or further, then nothing is lost")
  func further() {
    let history = horizon.history
    horizon.note(7, of: history)
    #expect(!isLost(7, of: history) && !isLost(9, of: history))
  }

  @Test("given one watch that is told much, then another that is told little notices a loss by it")
  func little() {
    let history = horizon.history
    horizon.note(3, of: history)
    horizon.note(90, of: history)
    #expect(isLost(40, of: history))
  }

  @Test("given a loss that one watch has noticed, then all that began before notice it, and none that begins later")
  func once() {
    let history = horizon.history
    horizon.note(90, of: history)
    #expect(isLost(40, of: history))
    // What was on its way of the former history does not count.
    horizon.note(91, of: history)
    #expect(isLost(200, of: history))
    #expect(!isLost(40, of: horizon.history))
  }
}
