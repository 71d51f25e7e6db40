import Glibc
import Testing

@testable import SharedMemory

extension SharedMemoryTests {
  @Suite("what those who are given an arena cannot do to it")
  struct ArenaProtectionTests {
    let arena: Arena

    init() throws { arena = try Arena.attempt(.base, length: 4 << 20) }

    @Test("nobody changes the size of the file, or its seals")
    func size() {
      let addSeals: CInt = 1033
      let sealWrite: CInt = 0x0010
      for length in [0, 2 << 20, 8 << 20] {
        #expect(ftruncate(arena.fileDescriptor, off_t(length)) == -1 && errno == EPERM)
      }
      #expect(fcntl(arena.fileDescriptor, addSeals, sealWrite) == -1 && errno == EPERM)
    }

    @Test("pages still come and go")
    func pages() throws {
      try arena.populate(offset: 0, length: 4 << 20)
      #expect(try arena.allocatedBytes() == 4 << 20)
      try arena.release(offset: 0, length: 4 << 20)
      #expect(try arena.allocatedBytes() == 0)
    }

    @Test("the descriptor for readers shows the same bytes and cannot be mapped for writing")
    func readers() throws {
      arena.base.storeBytes(of: 42, as: UInt8.self)
      var byte: UInt8 = 0
      #expect(pread(arena.readOnlyFileDescriptor, &byte, 1, 0) == 1 && byte == 42)
      #expect(pwrite(arena.readOnlyFileDescriptor, &byte, 1, 0) == -1)
      let mapping = mmap(nil, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, arena.readOnlyFileDescriptor, 0)
      #expect(mapping == UnsafeMutableRawPointer(bitPattern: -1))
    }

    @Test(
      "the descriptor for readers of a tmpfs is not opened again for writing, not even by root",
      .enabled(if: (try? Arena.attempt(.tmpfs, length: 2 << 20))?.isReadOnlyEnforced == true))
    func reopened() throws {
      let arena = try Arena.attempt(.tmpfs, length: 4 << 20)
      arena.base.storeBytes(of: 42, as: UInt8.self)
      let readers = arena.readOnlyFileDescriptor
      for flags in [O_RDWR, O_WRONLY, O_RDWR | O_TRUNC] {
        #expect(open("/proc/self/fd/\(readers)", flags) == -1 && errno == EROFS)
      }
      #expect(fchmod(readers, 0o666) == -1 && errno == EROFS)
      let mapping = try #require(mmap(nil, 4096, PROT_READ, MAP_SHARED, readers, 0))
      #expect(mapping.load(as: UInt8.self) == 42)
      #expect(mprotect(mapping, 4096, PROT_READ | PROT_WRITE) == -1 && errno == EACCES)
      munmap(mapping, 4096)
      #expect(arena.isReadOnlyEnforced)
      #expect(try Arena.attempt(.base, length: 2 << 20).isReadOnlyEnforced == false)
    }

    @Test("users other than the store's cannot reopen it")
    func mode() {
      var status = stat()
      #expect(fstat(arena.fileDescriptor, &status) == 0)
      #expect(status.st_mode & 0o777 == 0o600)
    }
  }
}
