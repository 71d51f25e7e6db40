import Testing

@testable import StoreServer

@Suite("queue of logins")
struct LoginQueueTests {
  private let second: UInt64 = 1_000_000_000

  private func claim(_ peer: String, _ user: String = "u") -> LoginQueue.Claim { .init(peer: peer, user: user) }

  @Test("peers take turns, whoever has many waiting, and so do the users of a peer")
  func turns() {
    var queue = LoginQueue()
    for connection in [1, 2, 3] as [UInt64] { queue.add(connection, for: claim("a", "x")) }
    queue.add(4, for: claim("b"))
    queue.add(5, for: claim("a", "y"))
    #expect((0..<6).map { _ in queue.next(0) } == [1, 4, 5, 2, 3, nil])
    #expect(queue.nextTime(0) == nil)
  }

  @Test("whoever was wrong is told so later each time, and nobody else is")
  func failures() {
    var queue = LoginQueue()
    var now: UInt64 = 0
    var delays: [UInt64] = []
    for _ in 0..<7 {
      let end = queue.finish(claim("a"), isAccepted: false, now)
      delays.append((end - now) * 10 / second)
      now += 6 * second
    }
    #expect(delays == [0, 2, 4, 8, 16, 32, 50])
    #expect(queue.finish(claim("a", "other"), isAccepted: false, now) == now)
    #expect(queue.finish(claim("b"), isAccepted: false, now) == now)
  }

  @Test("the right password is checked and answered at once, although others of the same peer and user were wrong")
  func rightOne() {
    var queue = LoginQueue()
    for _ in 1..<LoginQueue.mostOfUser { _ = queue.finish(claim("a"), isAccepted: false, 0) }
    queue.add(1, for: claim("a"))
    #expect(queue.next(1) == 1)
    #expect(queue.finish(claim("a"), isAccepted: true, 1) == 1)
  }

  @Test("many wrong passwords of a user, or of a peer, keep the next ones from being checked, those of others not")
  func bounds() {
    var queue = LoginQueue()
    for time in 0..<LoginQueue.mostOfUser { _ = queue.finish(claim("a"), isAccepted: false, UInt64(time)) }
    queue.add(1, for: claim("a"))
    queue.add(2, for: claim("a", "other"))
    #expect([queue.next(100), queue.next(100)] == [2, nil])
    #expect(queue.nextTime(100) == LoginQueue.window)
    // The first of them was at 0.
    #expect([queue.next(LoginQueue.window - 1), queue.next(LoginQueue.window)] == [nil, 1])
    for user in 0..<LoginQueue.mostOfPeer { _ = queue.finish(claim("b", "\(user)"), isAccepted: false, 100) }
    queue.add(3, for: claim("b", "new"))
    queue.add(4, for: claim("c"))
    #expect([queue.next(200), queue.next(200)] == [4, nil])
    #expect(queue.next(100 + LoginQueue.window) == 3)
  }

  @Test("the right password, or a minute, makes up for wrong ones")
  func forgiving() {
    var queue = LoginQueue()
    for _ in 0..<5 { _ = queue.finish(claim("a"), isAccepted: false, 0) }
    _ = queue.finish(claim("a"), isAccepted: true, second)
    #expect(queue.finish(claim("a"), isAccepted: false, second) == second)
    for _ in 0..<5 { _ = queue.finish(claim("a"), isAccepted: false, second) }
    #expect(queue.finish(claim("a"), isAccepted: false, 100 * second) == 100 * second)
  }

  @Test("a client that goes leaves nothing, and the failures of many are bounded")
  func bounded() {
    var queue = LoginQueue()
    for connection in (0..<300) as Range<UInt64> {
      queue.add(connection, for: claim("a"))
      queue.remove(connection, of: claim("a"))
    }
    #expect(queue.count == 0)
    #expect(queue.nextTime(0) == nil)
    for peer in 0..<5000 { _ = queue.finish(claim("\(peer)"), isAccepted: false, UInt64(peer)) }
    #expect(queue.rememberedFailures <= 1024)
  }
}
