import Coordination
import ServiceLifecycle
import Synchronization
import Testing

/// Services that run side by side, and their end.
@Suite struct ServicesTests {
  private struct Failure: Error {}

  /// What happened to services, in order.
  private final class Record: Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }

    func add(_ line: String) { lines.withLock { $0.append(line) } }

    /// A service that notes its begin, and its end when it is told to end.
    func service(_ name: String, begun: Latch = Latch()) -> CancellableService {
      CancellableService {
        begun.open()
        do {
          try await Task.sleep(for: .seconds(600))
        } catch {
          self.add("\(name) ends")
          throw error
        }
      }
    }
  }

  @Test(.timeLimit(.minutes(5)))
  func `given services that run, when the task is cancelled, then they end one after another, the last one first`()
    async throws
  {
    let record = Record()
    let begun = [Latch(), Latch(), Latch()]
    let services = begun.indices.map { record.service("\($0)", begun: begun[$0]) }
    let running = Task { try await runServices(services, endingWithin: .seconds(600)) }
    for latch in begun { try await latch.wait() }
    running.cancel()
    try await running.value
    #expect(record.all == ["2 ends", "1 ends", "0 ends"])
  }

  @Test(.timeLimit(.minutes(5)))
  func `given services that run, when one fails, then the others end and its error is thrown`() async throws {
    let record = Record()
    let begun = Latch()
    let failing = CancellableService {
      try await begun.wait()
      throw Failure()
    }
    await #expect(throws: Failure.self) {
      try await runServices([record.service("first", begun: begun), failing], endingWithin: .seconds(600))
    }
    #expect(record.all == ["first ends"])
  }

  @Test(.timeLimit(.minutes(5)))
  func `given a service that does not hear that it is to end, then it is cancelled after a while`() async throws {
    let (record, begun) = (Record(), Latch())
    let deaf = ClosureService {
      begun.open()
      try? await Task.sleep(for: .seconds(600))
      record.add("cancelled")
    }
    let running = Task { try await runServices([deaf], endingWithin: .milliseconds(10)) }
    try await begun.wait()
    running.cancel()
    try await running.value
    #expect(record.all == ["cancelled"])
  }
}
