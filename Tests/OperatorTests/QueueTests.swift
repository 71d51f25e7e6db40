import Coordination
import Synchronization
import Testing

@testable import Operator

@Suite struct QueueTests {
  /// What workers did.
  private final class Record: Sendable {
    let busy = Mutex<Set<Int>>([])
    let counts = Mutex<[Int: Int]>([:])
  }

  private let now = ContinuousClock.now

  @Test func `a key added twice is taken once`() {
    var state = QueueState<String>()
    state.add("a")
    state.add("a")
    #expect(state.take() == "a")
    #expect(state.take() == nil)
  }

  @Test func `a key is not taken twice at a time, and again when it changed meanwhile`() {
    var state = QueueState<String>()
    state.add("a")
    #expect(state.take() == "a")
    state.add("a")
    #expect(state.take() == nil)
    state.finish("a")
    #expect(state.take() == "a")
    state.finish("a")
    #expect(state.take() == nil)
  }

  @Test func `keys are taken in the order in which they came`() {
    var state = QueueState<Int>()
    for key in [3, 1, 2] { state.add(key) }
    #expect([state.take(), state.take(), state.take()] == [3, 1, 2])
  }

  @Test func `a delayed key comes at its time, the earliest of several`() {
    var state = QueueState<String>()
    state.add("a", at: now + .seconds(5))
    state.add("a", at: now + .seconds(2))
    state.add("a", at: now + .seconds(9))
    #expect(state.nextDue == now + .seconds(2))
    state.release(at: now + .seconds(1))
    #expect(state.take() == nil)
    state.release(at: now + .seconds(2))
    #expect(state.take() == "a")
    #expect(state.nextDue == nil)
  }

  @Test func `work on a key makes its delay pointless`() {
    var state = QueueState<String>()
    state.add("a", at: now + .seconds(5))
    state.add("a")
    #expect(state.take() == "a")
    #expect(state.nextDue == nil)
  }

  @Test func `many workers never share a key, and all keys are worked on`() async {
    let queue = WorkQueue<Int>()
    let record = Record()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask {
          while let key = await queue.next() {
            let isFree = record.busy.withLock { $0.insert(key).inserted }
            #expect(isFree)
            await Task.yield()
            record.busy.withLock { _ = $0.remove(key) }
            let isLast = record.counts.withLock { counts in
              counts[key, default: 0] += 1
              return counts.count == 50 && counts.values.reduce(0, +) >= 50
            }
            queue.done(key, failed: false)
            if isLast { queue.finish() }
          }
        }
      }
      for round in 0..<500 { queue.add(round % 50) }
    }
    #expect(record.counts.withLock { $0.count } == 50)
  }

  @Test func `a failure brings the key back`() async {
    let queue = WorkQueue<String>(backOff: BackOff(first: .milliseconds(1), longest: .milliseconds(1)))
    queue.add("a")
    for _ in 0..<3 {
      let key = await queue.next()
      #expect(key == "a")
      queue.done("a", failed: true)
    }
    #expect(queue.counts.retries == 3)
  }

  @Test func `who waits for a finished queue is sent away`() async {
    let queue = WorkQueue<String>()
    async let waiting = queue.next()
    queue.finish()
    #expect(await waiting == nil)
    #expect(await queue.next() == nil)
  }
}
