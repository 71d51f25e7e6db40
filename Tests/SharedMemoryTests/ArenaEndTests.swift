import Glibc
import Testing

@testable import SharedMemory

extension SharedMemoryTests {
  @Suite("arenas that are cut while others map them")
  struct ArenaEndTests {
    static let kinds: [PageKind] = [.base, .tmpfs].filter { (try? Arena.attempt($0, length: 2 << 20)) != nil }

    private func arenas(_ kind: PageKind) throws -> (first: Arena, second: Arena) {
      let first = try Arena.attempt(kind, length: 4 << 20)
      return (first, try first.another(length: 4 << 20))
    }

    @Test("another arena is of the same kind and another file", arguments: kinds)
    func another(kind: PageKind) throws {
      let (first, second) = try arenas(kind)
      #expect(second.pageKind == kind && second.isReadOnlyEnforced == first.isReadOnlyEnforced)
      second.base.storeBytes(of: 42, as: UInt8.self)
      #expect(first.base.load(as: UInt8.self) == 0)
    }

    @Test("given one that is ended, then it has no pages, and touching it by system calls fails", arguments: kinds)
    func end(kind: PageKind) throws {
      let (_, arena) = try arenas(kind)
      try arena.populate(offset: 0, length: 4 << 20)
      #expect(try arena.allocatedBytes() == 4 << 20 && !arena.isCut)
      try arena.end()
      #expect(try arena.allocatedBytes() == 0 && arena.isCut)
      var ends: [CInt] = [-1, -1]
      try #require(pipe(&ends) == 0)
      defer { for end in ends { close(end) } }
      #expect(write(ends[1], arena.base, 1) == -1 && errno == EFAULT)
      if kind == .base {
        #expect(ftruncate(arena.fileDescriptor, 4 << 20) == -1 && errno == EPERM)
        #expect(posix_fallocate(arena.fileDescriptor, 0, 4096) == EPERM)
      }
    }

    @Test("[Error] one that clients outside of volumes have is not ended")
    func sealed() throws {
      let arena = try Arena.attempt(.base, length: 2 << 20)
      #expect(throws: SharedMemoryError.self) { try arena.end() }
    }

    @Test("bytes are copied; where the source is cut they are zeroes; what is outside is refused", arguments: kinds)
    func copy(kind: PageKind) throws {
      let (source, target) = try arenas(kind)
      let bytes = [UInt8](repeating: 7, count: 3 << 20)
      try bytes.withUnsafeBytes { try source.write($0, at: 100) }
      try target.copy(from: source, at: 100, to: 4096, length: 3 << 20)
      #expect(target.base.load(fromByteOffset: 4096, as: UInt8.self) == 7)
      #expect(target.base.load(fromByteOffset: 4095 + (3 << 20), as: UInt8.self) == 7)
      #expect(target.base.load(fromByteOffset: 4096 + (3 << 20), as: UInt8.self) == 0)
      #expect(throws: SharedMemoryError.self) {
        try target.copy(from: source, at: 2 << 20, to: 0, length: 3 << 20)
      }
      if kind == .tmpfs { #expect(ftruncate(source.fileDescriptor, 4096) == 0) }
      let rest = try arenas(kind).second
      if kind == .base { #expect(ftruncate(rest.fileDescriptor, 4096) == 0) }
      try target.copy(from: kind == .tmpfs ? source : rest, at: 8192, to: 4096, length: 2 << 20)
      #expect(target.base.load(fromByteOffset: 4096, as: UInt8.self) == 0)
    }
  }
}
