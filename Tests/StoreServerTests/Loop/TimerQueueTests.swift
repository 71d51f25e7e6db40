import SeededRandom
import Testing

@testable import StoreServer

@Suite("queue of timers")
struct TimerQueueTests {
  @Test("timers strike in the order of their times, those of the same time in the order they came")
  func order() {
    var timers = TimerQueue<String>()
    for (time, name) in [(5, "c"), (1, "a"), (5, "d"), (3, "b"), (9, "e")] as [(UInt64, String)] {
      timers.add(at: time, name)
    }
    #expect(timers.nextTime == 1)
    #expect(timers.takeDue(0) == nil)
    var struck: [String] = []
    while let name = timers.takeDue(5) { struck.append(name) }
    #expect(struck == ["a", "b", "c", "d"])
    #expect(timers.nextTime == 9 && timers.count == 1)
  }

  @Test("a timer that was cancelled does not strike; one that struck cannot be cancelled")
  func cancelling() {
    var timers = TimerQueue<Int>()
    let tickets = (0..<3).map { timers.add(at: UInt64($0), $0) }
    #expect([timers.cancel(tickets[0]), timers.cancel(tickets[0])] == [true, false])
    #expect(timers.nextTime == 1)
    #expect(timers.takeDue(1) == 1)
    #expect([timers.cancel(tickets[1]), timers.cancel(tickets[2])] == [false, true])
    #expect(timers.count == 0 && timers.nextTime == nil)
  }

  @Test("whatever is added and cancelled, what strikes is what a sorted list says", arguments: 0..<50 as Range<UInt64>)
  func random(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var timers = TimerQueue<Int>()
    var expected: [(time: UInt64, number: Int, ticket: TimerQueue<Int>.Ticket)] = []
    for number in 0..<300 {
      if random.oneIn(3), !expected.isEmpty {
        let index = random.number(below: expected.count)
        let isCancelled = timers.cancel(expected.remove(at: index).ticket)
        #expect(isCancelled)
      } else {
        let time = UInt64(random.number(below: 40))
        expected.append((time, number, timers.add(at: time, number)))
      }
    }
    expected.sort { ($0.time, $0.number) < ($1.time, $1.number) }
    #expect(timers.count == expected.count)
    for entry in expected {
      #expect(timers.nextTime == entry.time)
      #expect(timers.takeDue(entry.time) == entry.number)
    }
    #expect(timers.takeDue(.max) == nil)
  }
}
