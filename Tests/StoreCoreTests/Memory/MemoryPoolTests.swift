import StoreCore
import Testing

@Suite("memory pool")
struct MemoryPoolTests {
  private func make(_ limit: UInt64, arena: UInt64? = nil) -> MemoryPool {
    MemoryPool(length: arena ?? limit, limit: limit, reserve: 0, populate: .off)
  }

  private func take(_ pool: inout MemoryPool, _ size: UInt64) throws -> ExtentID {
    let taken = pool.allocate(size)
    return try #require(taken)
  }

  /// Whether each of the sizes can be had after those before it.
  private func taken(_ pool: inout MemoryPool, _ sizes: [UInt64]) -> [Bool] {
    sizes.map { pool.allocate($0) != nil }
  }

  @Test("usage is the sum of the requested sizes, not of the rounded ones")
  func requestedSizes() throws {
    var pool = make(1 * mebibyte)
    let first = try take(&pool, 1)
    let second = try take(&pool, 100)
    #expect(pool.used == 101)
    #expect(pool.range(second).length == 128)
    pool.removeBlob(first)
    pool.removeBlob(second)
    #expect(pool.used == 0)
    #expect(pool.largestFree == 1 * mebibyte)
  }

  @Test("the limit is filled exactly, not beyond")
  func limit() {
    var pool = make(16 * mebibyte, arena: 64 * mebibyte)
    let taken = taken(&pool, [8 * mebibyte, 8 * mebibyte + 1, 8 * mebibyte, 1])
    #expect(taken == [true, false, true, false])
    #expect(pool.largestFree == 0)
  }

  @Test("blobs of 2 MiB and more start at a huge page when that costs little, others where the last one ended")
  func alignment() throws {
    var pool = make(64 * mebibyte)
    _ = try take(&pool, 64)
    let aligned = try take(&pool, 4 * mebibyte)
    let small = try take(&pool, 64)
    let wasteful = try take(&pool, 2 * mebibyte + 64)
    #expect(pool.range(aligned).offset == 2 * mebibyte)
    #expect(pool.range(small).offset == 64)
    #expect(pool.range(wasteful).offset == 6 * mebibyte)
    _ = try take(&pool, 64)
    let next = try take(&pool, 2 * mebibyte + 64)
    #expect(pool.range(next).offset % Residency.blockSize != 0)
  }

  @Test("a large blob takes an unaligned place rather than none")
  func unalignedFit() throws {
    var pool = make(4 * mebibyte)
    _ = try take(&pool, 64)
    let rest = try take(&pool, 4 * mebibyte - 64)
    #expect(pool.range(rest).offset == 64)
  }

  @Test("an extent outlives its blob while a reader holds it, and counts as retained")
  func retained() throws {
    var pool = make(1024)
    let extent = try take(&pool, 1024)
    pool.addReader(extent)
    pool.addReader(extent)
    #expect(pool.readers(extent) == 2)
    pool.removeBlob(extent)
    #expect(pool.used == 0 && pool.retained == 1024)
    let early = taken(&pool, [64])
    #expect(early == [false])
    pool.removeReader(extent)
    #expect(pool.retained == 1024)
    pool.removeReader(extent)
    #expect(pool.retained == 0)
    let late = taken(&pool, [1024])
    #expect(late == [true])
  }

  @Test("an extent shared by two blobs is charged once and goes with the last")
  func shared() throws {
    var pool = make(1024)
    let extent = try take(&pool, 512)
    pool.addBlob(extent)
    pool.removeBlob(extent)
    #expect(pool.used == 512)
    pool.removeBlob(extent)
    #expect(pool.used == 0 && pool.largestFree == 1024)
  }

  @Test("shrinking corrects the usage and frees the tail")
  func shrink() throws {
    var pool = make(1024)
    let extent = try take(&pool, 1024)
    pool.shrink(extent, to: 1000)
    #expect(pool.used == 1000)
    #expect(pool.range(extent).length == 1024)
    pool.shrink(extent, to: 100)
    #expect(pool.used == 100)
    #expect(pool.range(extent).length == 128)
    #expect(pool.largestFree == 896)
  }

  @Test("shrinking an extent whose pages are not there yet keeps the count of uses", arguments: PopulateMode.allCases)
  func shrinkCold(mode: PopulateMode) throws {
    // 500 blocks, of which 48 may be committed.
    var pool = MemoryPool(
      length: 1000 * mebibyte, limit: 32 * mebibyte, commit: 96 * mebibyte, reserve: 96 * mebibyte, populate: mode)
    while let job = pool.residency.nextJob(idleTarget: nil), case .populate(let range, let urgent) = job {
      pool.residency.finishPopulate(range, urgent: urgent, succeeded: true)
    }
    let extent = try take(&pool, 8 * mebibyte)
    pool.shrink(extent, to: 3 * mebibyte)
    pool.shrink(extent, to: 100)
    pool.removeBlob(extent)
    #expect(pool.used == 0)
    #expect(pool.largestFree == 32 * mebibyte)
  }

  @Test("a blob that is removed twice ends the process with a line that says so, in release builds too")
  func removedTwice() async throws {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var pool = MemoryPool(length: 1024, limit: 1024, reserve: 0, populate: .off)
      guard let extent = pool.allocate(512) else { return }
      pool.removeBlob(extent)
      pool.removeBlob(extent)
    }
    let told = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(told.contains("the store's bookkeeping is broken") && told.contains("please report this line"), "\(told)")
  }

  @Test("a grant of an extent that was freed ends the process")
  func grantedAfterwards() async throws {
    await #expect(processExitsWith: .failure) {
      var pool = MemoryPool(length: 1024, limit: 1024, reserve: 0, populate: .off)
      guard let extent = pool.allocate(512) else { return }
      pool.removeBlob(extent)
      pool.addReader(extent)
    }
  }
}
