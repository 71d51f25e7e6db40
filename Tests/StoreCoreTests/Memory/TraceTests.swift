import SeededRandom
import StoreCore
import StoreProtocol
import Testing

/// Nobody gets to see what others have left in memory.
@Suite("bytes of former owners")
struct TraceTests {
  private static let block = Residency.blockSize

  private func pool(_ mode: PopulateMode = .off) -> MemoryPool {
    MemoryPool(length: 8 * Self.block, limit: 8 * Self.block, reserve: 0, populate: mode)
  }

  private func take(_ pool: inout MemoryPool, _ size: UInt64, for owner: UInt64) throws -> ExtentID {
    let extent = pool.allocate(size, for: owner)
    return try #require(extent)
  }

  @Test("an owner gets its own memory back as it is, and memory that nobody had")
  func own() throws {
    var pool = pool()
    for _ in 0..<3 {
      let extent = try take(&pool, 5 << 20, for: 7)
      let isWarm = pool.residency.isWarm(pool.range(extent))
      let short = pool.residency.takeShortTraces()
      #expect(isWarm && short.isEmpty)
      pool.removeBlob(extent)
    }
    let job = pool.residency.nextJob(idleTarget: nil)
    #expect(job == nil)
  }

  @Test("others wait until it is zeroed, once")
  func others() throws {
    var pool = pool()
    pool.removeBlob(try take(&pool, 2 * Self.block, for: 7))
    let extent = try take(&pool, 2 * Self.block, for: 8)
    let range = pool.range(extent)
    let wasWarm = pool.residency.isWarm(range)
    let job = pool.residency.nextJob(idleTarget: nil)
    #expect(!wasWarm && job == .zero([range]))
    pool.residency.finishZero([range])
    #expect(pool.residency.isWarm(range))
    pool.removeBlob(extent)
    let again = try take(&pool, 2 * Self.block, for: 8)
    #expect(pool.residency.isWarm(pool.range(again)))
  }

  @Test("of a large blob only what is not clean is zeroed")
  func partly() throws {
    var pool = pool()
    let former = try take(&pool, Self.block, for: 7)
    let dirty = pool.range(former)
    pool.removeBlob(former)
    _ = try take(&pool, 6 * Self.block, for: 8)
    let job = pool.residency.nextJob(idleTarget: nil)
    #expect(job == .zero([dirty]))
  }

  @Test("small blobs beside those of others are zeroed at once")
  func small() throws {
    var pool = pool()
    _ = try take(&pool, 64, for: 7)
    let extent = try take(&pool, 1000, for: 8)
    #expect(pool.residency.isWarm(pool.range(extent)))
    let short = pool.residency.takeShortTraces()
    #expect(short == [pool.range(extent)])
    let rest = pool.residency.takeShortTraces()
    #expect(rest.isEmpty)
  }

  @Test("what an owner that is gone has left is cleaned before anybody asks")
  func gone() throws {
    var pool = pool()
    let extent = try take(&pool, 3 * Self.block, for: 7)
    let range = pool.range(extent)
    pool.removeBlob(extent)
    pool.residency.forgetOwner(7)
    guard case .zero(let ranges) = pool.residency.nextJob(idleTarget: nil) else {
      Issue.record("nothing is cleaned")
      return
    }
    #expect(ranges.reduce(0) { $0 + $1.length } == range.length)
    pool.residency.finishZero(ranges)
    let next = try take(&pool, 3 * Self.block, for: 8)
    #expect(pool.residency.isWarm(pool.range(next)))
  }

  @Test("what its owner has not used for a while is cleaned, too, and what it uses again and again is not")
  func leftAlone() throws {
    var pool = pool()
    pool.removeBlob(try take(&pool, 2 * Self.block, for: 7))
    for _ in 0..<5 {
      pool.residency.passTime()
      let job = pool.residency.nextJob(idleTarget: nil)
      #expect(job == nil)
      pool.removeBlob(try take(&pool, 2 * Self.block, for: 7))
    }
    for _ in 0..<2 { pool.residency.passTime() }
    guard case .zero(let ranges) = pool.residency.nextJob(idleTarget: nil) else {
      Issue.record("nothing is cleaned")
      return
    }
    pool.residency.finishZero(ranges)
    let extent = try take(&pool, 2 * Self.block, for: 8)
    #expect(pool.residency.isWarm(pool.range(extent)))
    let job = pool.residency.nextJob(idleTarget: nil)
    #expect(job == nil)
  }

  @Test("a blob that is taken while its block is cleaned waits for that")
  func whileCleaning() throws {
    var pool = pool()
    pool.removeBlob(try take(&pool, Self.block, for: 7))
    pool.residency.forgetOwner(7)
    guard case .zero(let ranges) = pool.residency.nextJob(idleTarget: nil) else {
      Issue.record("nothing is cleaned")
      return
    }
    let extent = try take(&pool, Self.block, for: 8)
    pool.residency.finishZero(ranges)
    #expect(!pool.residency.isWarm(pool.range(extent)))
    while case .zero(let ranges) = pool.residency.nextJob(idleTarget: nil) { pool.residency.finishZero(ranges) }
    #expect(pool.residency.isWarm(pool.range(extent)))
  }

  @Test("pages that could not be given back are not clean")
  func failedRelease() throws {
    var pool = pool(.ahead)
    let first = try take(&pool, Self.block, for: 7)
    pool.residency.demand(pool.range(first))
    guard case .populate(let range, _) = pool.residency.nextJob(idleTarget: nil) else {
      Issue.record("nothing is populated")
      return
    }
    pool.residency.finishPopulate(range, urgent: true, succeeded: true)
    pool.removeBlob(first)
    let job = pool.residency.nextJob(idleTarget: 0)
    #expect(job == .release(range))
    pool.residency.finishRelease(range, succeeded: false)
    let extent = try take(&pool, Self.block, for: 7)
    #expect(!pool.residency.isClean(pool.range(extent)))
  }

  @Test("whatever is taken, freed, cleaned and given back in whatever order", arguments: 1...40 as ClosedRange<UInt64>)
  func random(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    var pool = pool(random.oneIn(2) ? .off : .all)
    let cell: UInt64 = 64 << 10
    /// Who wrote last, by cells of 64 KiB.
    var writers = [UInt64?](repeating: nil, count: Int(8 * Self.block / cell))
    var held: [(extent: ExtentID, owner: UInt64)] = []
    func cells(_ range: ByteRange) -> Range<Int> { Int(range.offset / cell)..<Int(range.end / cell) }
    func work() {
      guard let job = pool.residency.nextJob(idleTarget: random.oneIn(3) ? 0 : nil) else { return }
      switch job {
      case .populate(let range, let urgent):
        pool.residency.finishPopulate(range, urgent: urgent, succeeded: true)
      case .release(let range):
        for cell in cells(range) { writers[cell] = nil }
        pool.residency.finishRelease(range)
      case .zero(let ranges):
        for range in ranges { for cell in cells(range) { writers[cell] = nil } }
        pool.residency.finishZero(ranges)
      case .end, .copy: break
      }
    }
    for _ in 0..<300 {
      let owner = UInt64(random.number(below: 3))
      switch random.number(below: 6) {
      case 0...2:
        let size = UInt64(1 + random.number(below: 60)) * cell
        guard let extent = pool.allocate(size, for: owner) else { continue }
        for range in pool.residency.takeShortTraces() { for cell in cells(range) { writers[cell] = nil } }
        let range = pool.range(extent)
        if !pool.residency.isWarm(range) { pool.residency.demand(range) }
        var rounds = 0
        while !pool.residency.isWarm(range), rounds < 100 {
          work()
          rounds += 1
        }
        #expect(rounds < 100, "seed \(seed): never ready")
        for cell in cells(range) {
          #expect(writers[cell] == nil || writers[cell] == owner, "seed \(seed): \(owner) sees what others wrote")
          writers[cell] = owner
        }
        held.append((extent, owner))
      case 3, 4:
        guard !held.isEmpty else { continue }
        pool.removeBlob(held.remove(at: random.number(below: held.count)).extent)
      default:
        if random.oneIn(2) { pool.residency.passTime() }
        if random.oneIn(4) {
          for entry in held where entry.owner == owner { pool.removeBlob(entry.extent) }
          held.removeAll { $0.owner == owner }
          pool.residency.forgetOwner(owner)
          // Whoever comes with that number now is somebody else.
          for cell in writers.indices where writers[cell] == owner { writers[cell] = 99 }
        }
        work()
      }
    }
  }
}
