import Dispatch
import Support
import Synchronization
import Testing

@testable import StoreServer

extension StoreServerTests {
  @Suite("disk worker")
  struct DiskWorkerTests {
    private final class Record: Sendable {
      private let numbers = Mutex<[Int]>([])

      func add(_ number: Int) { numbers.withLock { $0.append(number) } }

      var all: [Int] { numbers.withLock { $0 } }
    }

    @Test("jobs are done in the order they came, on one thread, while the one who hands them over goes on")
    func order() throws {
      let worker = try DiskWorker()
      let (record, gate) = (Record(), DispatchSemaphore(value: 0))
      worker.submit { gate.wait() }
      for number in 0..<1000 { worker.submit { record.add(number) } }
      #expect(record.all.isEmpty)
      gate.signal()
      worker.drain()
      #expect(record.all == Array(0..<1000))
      worker.stop()
    }

    @Test("stopping does what was handed over; what comes later is dropped")
    func stop() throws {
      let worker = try DiskWorker()
      let (record, gate) = (Record(), DispatchSemaphore(value: 0))
      worker.submit { gate.wait() }
      for number in 0..<10 { worker.submit { record.add(number) } }
      gate.signal()
      worker.stop()
      #expect(record.all == Array(0..<10))
      worker.submit { record.add(11) }
      worker.drain()
      worker.stop()
      #expect(record.all.count == 10)
    }
  }
}
