import Testing

@testable import StoreServer

@Suite("queue of logins")
struct LoginQueueTests {
  private let second: UInt64 = 1_000_000_000

  @Test("peers take turns, whoever has many waiting")
  func turns() {
    var queue = LoginQueue()
    for connection in [1, 2, 3] as [UInt64] { queue.add(connection, from: "a") }
    queue.add(4, from: "b")
    #expect((0..<5).map { _ in queue.next(0) } == [1, 4, 2, 3, nil])
    #expect(queue.nextTime == nil)
  }

  @Test("whoever was wrong waits longer each time, and nobody else does")
  func failures() {
    var queue = LoginQueue()
    var now: UInt64 = 0
    var waits: [UInt64] = []
    for connection in (0..<7) as Range<UInt64> {
      queue.add(connection, from: "a")
      let time = queue.nextTime ?? 0
      waits.append((max(time, now) - now) * 10 / second)
      if time > now { #expect(queue.next(time - 1) == nil) }
      now = max(time, now)
      #expect(queue.next(now) == connection)
      queue.finish("a", isAccepted: false, now)
    }
    #expect(waits == [0, 2, 4, 8, 16, 32, 50])
    queue.add(90, from: "a")
    queue.add(91, from: "b")
    #expect(queue.next(now) == 91)
  }

  @Test("the right password, or a minute, makes up for wrong ones")
  func forgiving() {
    var queue = LoginQueue()
    for _ in 0..<5 { queue.finish("a", isAccepted: false, 0) }
    queue.finish("a", isAccepted: true, second)
    queue.add(1, from: "a")
    #expect(queue.next(second) == 1)
    for _ in 0..<5 { queue.finish("a", isAccepted: false, 0) }
    queue.finish("a", isAccepted: false, 100 * second)
    queue.add(2, from: "a")
    #expect(queue.nextTime == 100 * second + second / 5)
  }

  @Test("a client that goes leaves nothing, and the failures of many peers are bounded")
  func bounded() {
    var queue = LoginQueue()
    for connection in (0..<300) as Range<UInt64> {
      queue.add(connection, from: "a")
      queue.remove(connection, from: "a")
    }
    #expect(queue.count == 0 && queue.nextTime == nil)
    for peer in 0..<5000 { queue.finish("\(peer)", isAccepted: false, UInt64(peer)) }
    #expect(queue.rememberedFailures <= 1024)
  }
}
