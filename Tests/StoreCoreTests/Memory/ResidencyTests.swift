import StoreCore
import Testing

@Suite("residency")
struct ResidencyTests {
  static let block = Residency.blockSize

  private func range(_ first: UInt64, _ count: UInt64) -> ByteRange {
    ByteRange(offset: first * Self.block, length: count * Self.block)
  }

  private func make(
    blocks: UInt64 = 64, commit: UInt64? = nil, reserve: UInt64 = 4, _ mode: PopulateMode = .ahead
  ) -> PageBench {
    PageBench(
      Residency(
        length: blocks * Self.block, commit: (commit ?? blocks) * Self.block, reserve: reserve * Self.block, mode: mode)
    )
  }

  @Test("ahead: the reserve is populated and refilled as extents use it up")
  func ahead() {
    let residency = make()
    #expect(residency.work() == [.populate(range(0, 4), urgent: false)])
    #expect(residency.spareBlocks == 4)
    #expect(residency.isWarm(range(0, 4)) && !residency.isWarm(range(0, 5)))
    #expect(residency.retain(range(0, 3)))
    #expect(residency.spareBlocks == 1)
    #expect(residency.work() == [.populate(range(4, 3), urgent: false)])
    #expect(residency.committedBytes == 7 * Self.block)
  }

  @Test("off: an extent is warm as soon as it is taken, and there are no populate jobs")
  func off() {
    let residency = make(.off)
    #expect(residency.nextJob(idleTarget: nil) == nil)
    #expect(residency.retain(range(3, 2)))
    #expect(residency.isWarm(range(3, 2)))
    #expect(residency.committedBlocks == 2)
  }

  @Test("all: everything the limit allows is populated before anybody asks, once")
  func all() {
    let residency = make(blocks: 200, commit: 128, reserve: 64, .all)
    #expect(residency.work() == (0..<4).map { .populate(range($0 * 16, 16), urgent: false) })
    #expect(residency.retain(range(0, 60)))
    #expect(residency.work() == [])
    residency.release(range(0, 60))
    #expect(residency.work(idleTarget: 0) == [])
  }

  @Test("jobs are small, so that an urgent one never waits long")
  func jobSize() {
    let residency = make(reserve: 40)
    #expect(
      residency.work() == [
        .populate(range(0, 16), urgent: false), .populate(range(16, 16), urgent: false),
        .populate(range(32, 8), urgent: false),
      ])
  }

  @Test("demanded blocks come first, only the cold ones, and are urgent")
  func demand() {
    let residency = make()
    #expect(residency.retain(range(10, 2)))
    residency.demand(range(10, 2))
    #expect(residency.work().first == .populate(range(10, 2), urgent: true))
    #expect(residency.isWarm(range(10, 2)))
    #expect(residency.retain(range(11, 3)))
    residency.demand(range(11, 3))
    #expect(residency.nextJob(idleTarget: nil) == .populate(range(12, 2), urgent: true))
  }

  @Test("where only urgent jobs are wanted, what somebody waits for is populated, and the reserve is not")
  func urgentOnly() {
    let residency = make()
    #expect(residency.nextUrgentJob() == nil)
    #expect(residency.retain(range(10, 2)))
    residency.demand(range(10, 2))
    #expect(residency.nextUrgentJob() == .populate(range(10, 2), urgent: true))
    #expect(residency.nextJob(idleTarget: nil) == .populate(range(0, 4), urgent: false))
  }

  @Test("an extent that shares a block keeps the block used until the last one goes")
  func sharedChunk() {
    let residency = make()
    _ = residency.work()
    let half = Self.block / 2
    #expect(residency.retain(ByteRange(offset: 0, length: half)))
    #expect(residency.retain(ByteRange(offset: half, length: half)))
    #expect(residency.spareBlocks == 3)
    residency.release(ByteRange(offset: 0, length: half))
    #expect(residency.spareBlocks == 3)
    residency.release(ByteRange(offset: half, length: half))
    #expect(residency.spareBlocks == 4)
  }

  @Test("idle: spare blocks beyond the target are given back from the top, the reserve stays")
  func idle() {
    let residency = make()
    #expect(residency.retain(range(0, 40)))
    residency.demand(range(0, 40))
    _ = residency.work()
    residency.release(range(0, 40))
    #expect(residency.spareBlocks == 44)
    let jobs = residency.work(idleTarget: 0)
    #expect(jobs.first == .release(range(28, 16)))
    #expect(residency.spareBlocks == 4)
    #expect(residency.committedBlocks == 4)
    #expect(residency.work(idleTarget: 0) == [])
  }

  @Test("idle: nothing is given back that is used")
  func idleKeepsUsed() {
    let residency = make(reserve: 0, .off)
    #expect(residency.retain(range(5, 1)))
    #expect(residency.retain(range(9, 1)))
    residency.release(range(9, 1))
    #expect(residency.work(idleTarget: 0) == [.release(range(9, 1))])
    #expect(residency.isWarm(range(5, 1)))
  }

  @Test("extents may never use more blocks than may be committed, populated or not")
  func commitLimit() {
    let residency = make(blocks: 400, commit: 48, reserve: 0)
    #expect(residency.retain(range(0, 40)))
    #expect(!residency.retain(range(100, 9)))
    #expect(residency.retain(range(100, 8)))
    #expect(!residency.retain(range(200, 1)))
    residency.demand(range(0, 40))
    residency.demand(range(100, 8))
    _ = residency.work()
    #expect(residency.isWarm(range(0, 40)) && residency.isWarm(range(100, 8)))
    residency.release(range(0, 40))
    #expect(residency.retain(range(200, 40)))
  }

  @Test("off: what clients touched beyond the commit limit is given back without waiting for idleness")
  func offOvercommitted() {
    let residency = make(blocks: 400, commit: 48, reserve: 0, .off)
    for start in [0, 40, 80] as [UInt64] {
      #expect(residency.retain(range(start, 40)))
      residency.release(range(start, 40))
    }
    #expect(residency.committedBlocks == 120)
    _ = residency.work()
    #expect(residency.committedBlocks == 48)
  }

  @Test("a demand that finds no room makes it from spare blocks elsewhere")
  func makesRoom() {
    let residency = make(blocks: 400, commit: 48, reserve: 0)
    #expect(residency.retain(range(0, 48)))
    residency.demand(range(0, 48))
    _ = residency.work()
    residency.release(range(0, 48))
    #expect(residency.retain(range(100, 20)))
    residency.demand(range(100, 20))
    let jobs = residency.work()
    #expect(jobs.first == .release(range(32, 16)))
    #expect(residency.isWarm(range(100, 20)))
    #expect(residency.committedBlocks <= 48)
  }

  @Test("a block that is being released when an extent takes it is populated again")
  func takenWhileReleasing() throws {
    let residency = make(reserve: 0)
    #expect(residency.retain(range(0, 1)))
    residency.demand(range(0, 1))
    _ = residency.work()
    residency.release(range(0, 1))
    let release = try #require(residency.nextJob(idleTarget: 0))
    #expect(release == .release(range(0, 1)))
    #expect(residency.retain(range(0, 1)))
    residency.demand(range(0, 1))
    #expect(!residency.isWarm(range(0, 1)))
    #expect(residency.nextJob(idleTarget: nil) == nil)
    residency.finish(release)
    #expect(residency.work() == [.populate(range(0, 1), urgent: true)])
    #expect(residency.isWarm(range(0, 1)))
  }

  @Test("off: a block that is being released is not warm before that has ended")
  func offTakenWhileReleasing() throws {
    let residency = make(reserve: 0, .off)
    #expect(residency.retain(range(0, 1)))
    residency.release(range(0, 1))
    let release = try #require(residency.nextJob(idleTarget: 0))
    #expect(residency.retain(range(0, 1)))
    #expect(!residency.isWarm(range(0, 1)))
    residency.finish(release)
    #expect(residency.isWarm(range(0, 1)))
    #expect(residency.committedBlocks == 1)
  }

  @Test(
    "a demand whose extent is gone is no demand any more, whatever its block was doing",
    arguments: PopulateMode.allCases)
  func goneBeforePages(_ mode: PopulateMode) throws {
    let residency = make(reserve: 0, mode)
    #expect(residency.retain(range(0, 2)))
    residency.demand(range(0, 2))
    _ = residency.work()
    residency.release(range(0, 2))
    let release = try #require(residency.nextJob(idleTarget: 0))
    #expect(residency.retain(range(0, 2)))
    residency.demand(range(0, 2))
    #expect(residency.isAwaited(range(0, 2)))
    residency.release(range(0, 2))
    #expect(!residency.isAwaited(range(0, 2)) && !residency.isWarm(range(0, 2)))
    residency.finish(release)
    #expect(residency.work() == [])
    #expect(residency.committedBlocks == 0)
  }

  @Test("a block whose populating ahead fails under a waiting client is tried again, urgently")
  func failureAheadOfDemand() throws {
    let residency = make(reserve: 1)
    let job = try #require(residency.nextJob(idleTarget: nil))
    #expect(residency.retain(range(0, 1)))
    residency.demand(range(0, 1))
    #expect(residency.nextJob(idleTarget: nil) != .populate(range(0, 1), urgent: true))
    residency.finish(job, succeeded: false)
    #expect(residency.work().contains(.populate(range(0, 1), urgent: true)))
    #expect(residency.isWarm(range(0, 1)))
  }

  @Test("when the system has no pages an urgent job forgets the demands, and populating ahead stops")
  func exhausted() throws {
    let residency = make()
    #expect(residency.retain(range(0, 2)))
    residency.demand(range(0, 2))
    residency.finish(try #require(residency.nextJob(idleTarget: nil)), succeeded: false)
    #expect(residency.isExhausted)
    #expect(residency.committedBlocks == 0)
    #expect(residency.nextJob(idleTarget: nil) == nil)
    residency.demand(range(0, 2))
    #expect(residency.work().first == .populate(range(0, 2), urgent: true))
    #expect(!residency.isExhausted)
  }

  @Test("blocks that could not be populated ahead are tried again when there are pages")
  func retriedAhead() throws {
    let residency = make()
    residency.finish(try #require(residency.nextJob(idleTarget: nil)), succeeded: false)
    #expect(residency.retain(range(60, 1)))
    residency.demand(range(60, 1))
    #expect(
      residency.work() == [.populate(range(60, 1), urgent: true), .populate(range(0, 4), urgent: false)])
  }

  @Test("cold blocks whose extents are gone are populated ahead again")
  func coldAgain() {
    let residency = make(reserve: 2)
    #expect(residency.retain(range(0, 2)))
    #expect(residency.work() == [.populate(range(2, 2), urgent: false)])
    residency.release(range(0, 2))
    #expect(residency.retain(range(2, 2)))
    #expect(residency.work() == [.populate(range(0, 2), urgent: false)])
  }

  @Test("jobs stay inside an arena that ends in the middle of a block")
  func partialChunk() {
    let length = 2 * Self.block + 4096
    let residency = PageBench(Residency(length: length, commit: length, reserve: 8 * Self.block, mode: .ahead))
    #expect(residency.work() == [.populate(ByteRange(offset: 0, length: length), urgent: false)])
    #expect(residency.committedBlocks == 3)
  }
}
