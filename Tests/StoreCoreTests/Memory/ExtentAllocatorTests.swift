import StoreCore
import Testing

@Suite("extent allocator")
struct ExtentAllocatorTests {
  private func take(_ allocator: inout ExtentAllocator, _ size: UInt64, _ alignment: UInt64 = 64) throws -> (
    handle: Int32, offset: UInt64
  ) {
    let taken = allocator.allocate(size: size, alignment: alignment)
    return try #require(taken)
  }

  private func hasRoom(_ allocator: inout ExtentAllocator, _ size: UInt64) -> Bool {
    guard let taken = allocator.allocate(size: size, alignment: 64) else { return false }
    allocator.free(taken.handle)
    return true
  }

  @Test("sizes are rounded up to 64 bytes, and at least that")
  func rounding() {
    #expect(ExtentAllocator.rounded(0) == 64)
    #expect(ExtentAllocator.rounded(1) == 64)
    #expect(ExtentAllocator.rounded(64) == 64)
    #expect(ExtentAllocator.rounded(65) == 128)
    let most = UInt64.max - 63
    #expect(ExtentAllocator.rounded(most) == most)
    #expect(ExtentAllocator.rounded(most + 1) == nil)
    #expect(ExtentAllocator.rounded(UInt64.max) == nil)
  }

  @Test("extents start at their alignment", arguments: [64, 128, 4096, 2 << 20] as [UInt64])
  func alignment(alignment: UInt64) throws {
    var allocator = ExtentAllocator(length: 16 * mebibyte)
    for size in [1, 64, 100, 4097] as [UInt64] {
      let taken = try take(&allocator, size, alignment)
      #expect(taken.offset % alignment == 0)
      #expect(allocator.size(taken.handle) == ExtentAllocator.rounded(size))
    }
  }

  @Test("the gap before an aligned extent stays free")
  func gap() throws {
    var allocator = ExtentAllocator(length: 4096 + 64)
    let first = try take(&allocator, 64)
    let aligned = try take(&allocator, 64, 4096)
    #expect(first.offset == 0)
    #expect(aligned.offset == 4096)
    let last = try take(&allocator, 4096 - 64)
    #expect(last.offset == 64)
  }

  @Test("an arena is filled to the last byte, and then there is no fit")
  func exactFill() throws {
    var allocator = ExtentAllocator(length: 1024)
    var offsets: Set<UInt64> = []
    for _ in 0..<16 { offsets.insert(try take(&allocator, 64).offset) }
    #expect(offsets == Set(stride(from: 0, to: 1024, by: 64)))
    #expect(allocator.largestFree == 0)
    let hasRoom = hasRoom(&allocator, 1)
    #expect(!hasRoom)
  }

  @Test("one extent may take the whole arena")
  func wholeArena() throws {
    var allocator = ExtentAllocator(length: 1024)
    let whole = try take(&allocator, 1024)
    #expect(whole.offset == 0)
    let hasRoom = hasRoom(&allocator, 1)
    #expect(!hasRoom)
  }

  @Test("[Error] sizes that no arena has", arguments: [1025, 1 << 52, 1 << 62, .max - 63, .max] as [UInt64])
  func noFit(size: UInt64) {
    var allocator = ExtentAllocator(length: 1024)
    let hasRoom = hasRoom(&allocator, size)
    #expect(!hasRoom)
    #expect(allocator.largestFree == 1024)
  }

  @Test("freed neighbours are joined, whatever the order", arguments: [[0, 1, 2], [2, 1, 0], [0, 2, 1], [1, 0, 2]])
  func coalescing(order: [Int]) throws {
    var allocator = ExtentAllocator(length: 192)
    let handles = try (0..<3).map { _ in try take(&allocator, 64).handle }
    for index in order { allocator.free(handles[index]) }
    #expect(allocator.largestFree == 192)
    let last = try take(&allocator, 192)
    #expect(last.offset == 0)
  }

  @Test("extents that don't touch are not joined")
  func notAdjacent() throws {
    var allocator = ExtentAllocator(length: 256)
    let handles = try (0..<4).map { _ in try take(&allocator, 64).handle }
    allocator.free(handles[0])
    allocator.free(handles[2])
    #expect(allocator.largestFree == 64)
    let hasRoom = hasRoom(&allocator, 128)
    #expect(!hasRoom)
  }

  @Test("of extents of one size the most recently freed is taken first: its pages are the warmest")
  func mostRecentlyFreed() throws {
    var allocator = ExtentAllocator(length: 1024)
    let taken = try (0..<16).map { _ in try take(&allocator, 64) }
    for index in [2, 8, 4] { allocator.free(taken[index].handle) }
    let again = try (0..<3).map { _ in try take(&allocator, 64).offset }
    #expect(again == [4, 8, 2].map { taken[$0].offset })
  }

  @Test("a small request leaves the large extent whole while a small one is free")
  func bestFit() throws {
    var allocator = ExtentAllocator(length: 1024)
    let small = try take(&allocator, 128)
    _ = try take(&allocator, 64)
    allocator.free(small.handle)
    let last = try take(&allocator, 64)
    #expect(last.offset == small.offset)
    #expect(allocator.largestFree == 1024 - 192)
  }

  @Test("an extent deep in the list of its class is found when nothing else fits")
  func deepInClass() throws {
    // 1024...1087 granules share a size class; only the first of sixteen free extents is large enough.
    var allocator = ExtentAllocator(length: 8 * mebibyte)
    var sizes = [UInt64](repeating: 1024 * 64, count: 16)
    sizes[0] = 1080 * 64
    var handles: [Int32] = []
    for size in sizes {
      handles.append(try take(&allocator, size).handle)
      _ = try take(&allocator, 64)
    }
    _ = try take(&allocator, allocator.largestFree)
    for handle in handles { allocator.free(handle) }
    let last = try take(&allocator, 1080 * 64)
    #expect(last.offset == 0)
  }

  @Test("shrinking gives back the tail, joined with what is free behind it")
  func shrink() throws {
    var allocator = ExtentAllocator(length: 1024)
    let taken = try take(&allocator, 512)
    allocator.shrink(taken.handle, to: 100)
    #expect(allocator.size(taken.handle) == 128)
    #expect(allocator.largestFree == 1024 - 128)
    allocator.shrink(taken.handle, to: 128)
    allocator.shrink(taken.handle, to: 4096)
    #expect(allocator.size(taken.handle) == 128)
    allocator.free(taken.handle)
    #expect(allocator.largestFree == 1024)
  }
}
