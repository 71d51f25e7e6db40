import Synchronization
import Testing

@testable import Coordination

@Suite struct AsyncSemaphoreTests {
  private final class Occupancy: Sendable {
    private let now = Atomic(0)
    private let peak = Atomic(0)

    var most: Int { peak.load(ordering: .relaxed) }

    func enter() { peak.max(now.add(1, ordering: .relaxed).newValue, ordering: .relaxed) }
    func leave() { now.subtract(1, ordering: .relaxed) }
  }

  @Test func `no more have a permit than there are, and everybody gets one`() async {
    let semaphore = AsyncSemaphore(permits: 3)
    let occupancy = Occupancy()
    await withTaskGroup(of: Int?.self) { group in
      for index in 0..<50 {
        group.addTask {
          await semaphore.withPermit {
            occupancy.enter()
            await Task.yield()
            occupancy.leave()
            return index
          }
        }
      }
      var came: Set<Int> = []
      for await index in group { if let index { came.insert(index) } }
      #expect(came.count == 50)
    }
    #expect(occupancy.most <= 3)
  }

  @Test func `one who is cancelled gives up waiting, and takes nobody's permit`() async {
    let semaphore = AsyncSemaphore(permits: 1)
    let outcome = await semaphore.withPermit {
      let waiting = Task { await semaphore.withPermit { true } }
      waiting.cancel()
      return await waiting.value
    }
    #expect(outcome == .some(nil))
    #expect(await semaphore.withPermit { true } == true)
  }
}
