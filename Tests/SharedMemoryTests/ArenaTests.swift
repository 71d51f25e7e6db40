import CLinux
import Glibc
import Synchronization
import Testing

@testable import SharedMemory

extension SharedMemoryTests {
  @Suite("arena", .serialized)
  struct ArenaTests {
    @Test("length is rounded up to 2 MiB and the descriptor is close-on-exec", arguments: HugePagePolicy.allCases)
    func shape(policy: HugePagePolicy) throws {
      let arena = try Arena.create(
        length: 3 * mebibyte, exactLength: 3 * mebibyte, policy: policy, log: { _, _ in })
      #expect(arena.length == 4 * mebibyte)
      #expect(fcntl(arena.fileDescriptor, F_GETFD) & FD_CLOEXEC != 0)
      #expect(fcntl(arena.fileDescriptor, F_GETFL) & O_ACCMODE == O_RDWR)
      #expect(UInt(bitPattern: arena.base) % UInt(PageSize.huge) == 0)
      #expect(try arena.allocatedBytes() == 0)
    }

    @Test("given a populated arena, a client sees zeroes and takes few faults", arguments: HugePagePolicy.allCases)
    func fewFaults(policy: HugePagePolicy) throws {
      let arena = try makeArena(policy, mebibytes: 32)
      try arena.populate(offset: 0, length: arena.length)
      #expect(try arena.allocatedBytes() == arena.length)

      let client = try ClientMapping(arena.fileDescriptor, length: arena.length)
      let faults = minorFaults { client.fill(7) }
      let pages = Int(arena.length / arena.pageSize)
      #expect(faults <= pages + 16, "\(faults) faults for \(pages) pages of \(arena.pageKind)")
    }

    @Test("given a populated arena, all of it reads as zero", arguments: HugePagePolicy.allCases)
    func zeroes(policy: HugePagePolicy) throws {
      let arena = try makeArena(policy, mebibytes: 16)
      try arena.populate(offset: 0, length: arena.length)
      let client = try ClientMapping(arena.fileDescriptor, length: arena.length)
      #expect(client.isZero())
      #expect(try arena.allocatedBytes() == arena.length)
    }

    @Test("populating one byte gives one whole page", arguments: HugePagePolicy.allCases)
    func onePage(policy: HugePagePolicy) throws {
      let arena = try makeArena(policy, mebibytes: 8)
      try arena.populate(offset: 5 * mebibyte + 1, length: 1)
      #expect(try arena.allocatedBytes() == arena.pageSize)
    }

    @Test(
      "populate never changes what clients write at the same time",
      arguments: HugePagePolicy.allCases, [Arena.PopulateMethod.advise, .allocate])
    func concurrentWrites(policy: HugePagePolicy, method: Arena.PopulateMethod) throws {
      let arena = try makeArena(policy, mebibytes: 16)
      let words = Int(arena.length) / 512
      for round in 1...4 {
        let writer = try PosixThread {
          for word in 0..<words {
            arena.base.storeBytes(of: UInt64(word * 8 + round), toByteOffset: word * 512, as: UInt64.self)
          }
        }
        for _ in 0..<3 { try arena.populate(offset: 0, length: arena.length, method: method) }
        writer.join()
        try arena.populate(offset: 0, length: arena.length, method: method)
        let client = try ClientMapping(arena.fileDescriptor, length: arena.length)
        let intact = (0..<words).allSatisfy { word in
          client.bytes.load(fromByteOffset: word * 512, as: UInt64.self) == UInt64(word * 8 + round)
        }
        #expect(intact)
        try arena.release(offset: 0, length: arena.length)
      }
    }

    @Test("release gives the bytes back and the range reads as zero", arguments: HugePagePolicy.allCases)
    func release(policy: HugePagePolicy) throws {
      let arena = try makeArena(policy, mebibytes: 16)
      try arena.populate(offset: 0, length: arena.length)
      memset(arena.base, 9, Int(arena.length))
      try arena.release(offset: 4 * mebibyte, length: 8 * mebibyte)

      #expect(try arena.allocatedBytes() == 8 * mebibyte)
      #expect(arena.base.load(fromByteOffset: Int(4 * mebibyte) - 1, as: UInt8.self) == 9)
      #expect(arena.base.load(fromByteOffset: Int(4 * mebibyte), as: UInt8.self) == 0)
      #expect(arena.base.load(fromByteOffset: Int(12 * mebibyte) - 1, as: UInt8.self) == 0)
      #expect(arena.base.load(fromByteOffset: Int(12 * mebibyte), as: UInt8.self) == 9)
    }

    @Test("release keeps pages that are only partly in the range", arguments: HugePagePolicy.allCases)
    func partialRelease(policy: HugePagePolicy) throws {
      let arena = try makeArena(policy, mebibytes: 4)
      memset(arena.base, 9, Int(arena.length))
      let page = arena.granule
      try arena.release(offset: 1, length: page - 1)
      #expect(arena.base.load(fromByteOffset: 1, as: UInt8.self) == 9)
      try arena.release(offset: 1, length: 2 * page - 1)
      #expect(arena.base.load(fromByteOffset: Int(page) - 1, as: UInt8.self) == 9)
      #expect(arena.base.load(fromByteOffset: Int(page), as: UInt8.self) == 0)
    }

    @Test("populate leaves nothing in the resident set, and transfers can be dropped from it")
    func residentSet() throws {
      let arena = try makeArena(.auto, mebibytes: 128)
      try arena.populate(offset: 0, length: arena.length)
      #expect(try residentBytes(arena) < 8 * mebibyte)

      memset(arena.base, 1, Int(arena.length))
      #expect(try residentBytes(arena) >= 120 * mebibyte)
      arena.dropFromResidentSet(offset: 0, length: arena.length)
      #expect(try residentBytes(arena) < 8 * mebibyte)
      #expect(arena.base.load(fromByteOffset: Int(arena.length) - 1, as: UInt8.self) == 1)
    }

    static let outsideRanges: [(offset: UInt64, length: UInt64)] = [
      (0, 2 * mebibyte + 1), (2 * mebibyte, 1), (.max, 2), (1, .max),
    ]

    @Test("[Error] a range outside the arena", arguments: outsideRanges)
    func outside(offset: UInt64, length: UInt64) throws {
      let arena = try makeArena(.off, mebibytes: 2)
      let populate = #expect(throws: SharedMemoryError.self) { try arena.populate(offset: offset, length: length) }
      let release = #expect(throws: SharedMemoryError.self) { try arena.release(offset: offset, length: length) }
      #expect(populate?.code == ERANGE)
      #expect(release?.code == ERANGE)
      arena.dropFromResidentSet(offset: offset, length: length)
    }

    @Test("[Error] a tmpfs that is full is out of memory, not SIGBUS")
    func fullTmpfs() throws {
      var readOnly: CInt = -1
      let descriptor = clinux_tmpfs_file(4 * mebibyte, nil, &readOnly)
      guard descriptor >= 0 else { return }  // mounting isn't permitted here
      defer { if readOnly >= 0 { close(readOnly) } }
      for method in [Arena.PopulateMethod.advise, .allocate] {
        let arena = try Arena(fileDescriptor: dup(descriptor), length: 8 * mebibyte, pageKind: .tmpfs)
        let error = #expect(throws: SharedMemoryError.self) {
          try arena.populate(offset: 0, length: arena.length, method: method)
        }
        #expect(error?.isOutOfMemory == true)
      }
      close(descriptor)
    }

    @Test("an arena unmaps its memory when it goes")
    func lifetime() throws {
      // The copy keeps the file's identity from being given to another one.
      let copy = try {
        let arena = try makeArena(.auto, mebibytes: 1024)
        #expect(try !mappings(FileIdentity(arena.fileDescriptor)).isEmpty)
        return dup(arena.fileDescriptor)
      }()
      defer { close(copy) }
      #expect(try mappings(FileIdentity(copy)).isEmpty)
    }
  }
}

/// A plain thread, because a writer must not wait for a place in Swift's pool.
final class PosixThread: Sendable {
  private let thread: pthread_t
  private final class Body: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  init(_ run: @escaping @Sendable () -> Void) throws {
    var started = pthread_t()
    let body = Unmanaged.passRetained(Body(run))
    let code = pthread_create(
      &started, nil,
      { raw in
        raw.map { Unmanaged<Body>.fromOpaque($0).takeRetainedValue().run() }
        return nil
      }, body.toOpaque())
    try #require(code == 0)
    thread = started
  }

  func join() { pthread_join(thread, nil) }
}
