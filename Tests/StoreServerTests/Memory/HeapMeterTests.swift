import JSON
import StoreProtocol
import Testing

@testable import StoreServer

@Suite("heap meter")
struct HeapMeterTests {
  /// A process whose memory a test sets.
  final class Process {
    var resident: UInt64 = 10 << 20
    var freed: UInt64 = 0
    var trims = 0
    var looks = 0
    var now: UInt64 = 0

    var source: HeapMeter.Source {
      HeapMeter.Source(
        resident: { [self] in
          looks += 1
          return resident
        },
        trim: { [self] in
          trims += 1
          resident -= freed
          freed = 0
          now += 1000
        }, now: { [self] in now })
    }
  }

  private let limit: UInt64 = 64 << 20

  private func isAdmitted(_ meter: HeapMeter, _ type: RequestType, bytes: Int = 200) -> Bool {
    (try? meter.admit(.of(type), bytes: bytes)) != nil
  }

  @Test("what stores is refused first, then what maps; what gives back or only asks never is")
  func order() {
    let process = Process()
    let meter = HeapMeter(limit: limit, source: process.source)
    #expect(isAdmitted(meter, .createData) && isAdmitted(meter, .getBuffers))
    process.resident += limit / 8 * 5 + 1
    meter.look()
    #expect(!isAdmitted(meter, .createData) && !isAdmitted(meter, .putName) && !isAdmitted(meter, .createBuffer))
    #expect(isAdmitted(meter, .getBuffers))
    process.resident += limit / 8
    meter.look()
    #expect(!isAdmitted(meter, .getBuffers))
    for type in [RequestType.deleteData, .dropName, .clear, .getData, .listData, .exists, .deleteVolume, .dropBuffer] {
      #expect(isAdmitted(meter, type))
    }
    #expect(meter.refusals == 4)
  }

  @Test("between two looks the worst is assumed, so a few looks are enough")
  func looks() {
    let process = Process()
    let meter = HeapMeter(limit: limit, source: process.source)
    for _ in 0..<10_000 { #expect(isAdmitted(meter, .putName)) }
    #expect(process.looks > 10 && process.looks < 100)
    #expect(!isAdmitted(meter, .createData, bytes: 4 << 20), "its fields would take more than is left")
  }

  @Test("memory that deletions freed is given back before anybody is refused, but not all the time")
  func trimming() {
    let process = Process()
    let meter = HeapMeter(limit: limit, source: process.source)
    process.resident += limit
    meter.look()
    #expect(!isAdmitted(meter, .createData))
    #expect(process.trims == 1)
    process.freed = limit
    #expect(!isAdmitted(meter, .createData), "trimming again would cost more than a twentieth of the time")
    process.now += 20_000
    #expect(isAdmitted(meter, .createData))
    #expect(process.trims == 2)
  }

  @Test("buffers of all connections share a part of the heap")
  func buffers() {
    let budget = BufferBudget(limit: 100)
    #expect(budget.take(60) && !budget.take(41) && budget.take(40))
    budget.give(back: 60)
    #expect(budget.used == 40 && budget.hasRoom(for: 60) && !budget.hasRoom(for: 61))
  }

  @Test("a volume has half of what others leave, and never the last quarter")
  func shares() {
    let budget = BufferBudget(limit: 1000)
    let share = budget.share(of: "a")
    #expect(!share.take(501) && share.take(500) && !share.take(1))
    #expect(budget.share(of: "a") === share)
    let other = budget.share(of: "b")
    #expect(other.take(250) && !other.take(1))
    #expect(budget.share(of: nil).take(250))
    share.give(back: 500)
    #expect(budget.used == 500 && other.hasRoom(for: 125) && !other.hasRoom(for: 126))
  }

  @Test("what was admitted and has not grown yet stays counted until the request ends")
  func held() throws {
    let process = Process()
    let meter = HeapMeter(limit: limit, source: process.source)
    let cost = try meter.admit(.of(.createData), bytes: 1 << 20)
    meter.hold(cost)
    meter.look()
    #expect(!isAdmitted(meter, .createData, bytes: 1 << 20), "the first one will still grow")
    #expect(isAdmitted(meter, .deleteData))
    meter.release(cost)
    meter.look()
    #expect(isAdmitted(meter, .createData, bytes: 1 << 20))
  }

  @Test("listings of much are refused where what they find does not fit beside what others find")
  func listings() throws {
    let process = Process()
    let meter = HeapMeter(limit: limit, source: process.source)
    for _ in 0..<4 { meter.hold(try meter.admitListing(of: 300_000)) }
    #expect(throws: StoreError.self) { try meter.admitListing(of: 300_000) }
  }

  @Test("a reply is counted while it grows, whoever writes it, and refused when there is no room")
  func replies() {
    let budget = BufferBudget(limit: 1 << 20)
    var reply: ByteWriter? = ByteWriter(repliesWithin: budget)
    let other = ByteWriter(repliesWithin: budget)
    reply?.append([UInt8](repeating: 1, count: 900 << 10))
    #expect(reply?.refusal == nil && budget.used > 890 << 10)
    other.append([UInt8](repeating: 1, count: 900 << 10))
    #expect(throws: StoreError.self) { try other.requireRoom() }
    other.reply("still_heard")
    #expect(other.refusal == nil)
    reply = nil
    #expect(budget.used == 0)
    #expect(throws: StoreError.self) { try other.requireRoom(for: 2 << 20) }
  }
}
