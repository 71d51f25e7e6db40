import CLinux
import Glibc
import Synchronization
import Testing

@testable import SharedMemory

extension SharedMemoryTests {
  @Suite("huge page policy", .serialized)
  struct PolicyTests {
    final class Lines: Sendable {
      private let lines = Mutex<[String]>([])
      var all: [String] { lines.withLock { $0 } }
      func append(_ line: String) { lines.withLock { $0.append(line) } }
    }

    func create(_ policy: HugePagePolicy, length: UInt64, exactLength: UInt64) throws -> (Arena, [String]) {
      let lines = Lines()
      let arena = try Arena.create(length: length, exactLength: exactLength, policy: policy) { isWarning, line in
        lines.append(isWarning ? "warning: \(line)" : line)
      }
      return (arena, lines.all)
    }

    @Test("off always has 4 KiB pages and says so in one line")
    func off() throws {
      let (arena, lines) = try create(.off, length: 8 * mebibyte, exactLength: 2 * mebibyte)
      #expect(arena.pageKind == .base)
      #expect(arena.pageSize == UInt64(sysconf(CInt(_SC_PAGESIZE))))
      #expect(arena.length == 8 * mebibyte)
      #expect(lines == ["shared memory: 8 MiB in 4 KiB pages"])
    }

    @Test("a policy is had, or falls back with one line that says why", arguments: [HugePagePolicy.tmpfs, .thp])
    func sparse(policy: HugePagePolicy) throws {
      let (arena, lines) = try create(policy, length: 8 * mebibyte, exactLength: 2 * mebibyte)
      #expect(arena.length == 8 * mebibyte)
      #expect(lines.count == 1)
      let line = try #require(lines.first)
      if arena.pageKind.rawValue == policy.rawValue {
        #expect(arena.pageSize == 2 * mebibyte)
        #expect(line.contains("\(arena.pageKind)") && !line.contains(", not "))
      } else {
        #expect(arena.pageKind == .base)
        #expect(line.hasPrefix("warning: shared memory: 8 MiB in 4 KiB pages, not "))
        #expect(line.contains("choose another policy"))
      }
    }

    @Test("hugetlb uses the exact length where the pool has it")
    func hugetlb() throws {
      let free = MemoryLimits.detect().hugePagesFree
      let (arena, _) = try create(.hugetlb, length: 8 * mebibyte, exactLength: 4 * mebibyte)
      if free >= 2 {
        #expect(arena.pageKind == .hugetlb)
        #expect(arena.length == 4 * mebibyte)
        #expect(MemoryLimits.detect().hugePagesFree == free - 2, "reserved at once")
      } else {
        #expect(arena.pageKind == .base)
        #expect(arena.length == 8 * mebibyte)
      }
    }

    @Test("hugetlb beyond the pool falls back and names the remedy")
    func hugetlbTooLarge() throws {
      let (arena, lines) = try create(.hugetlb, length: 2 * mebibyte, exactLength: 1 << 50)
      #expect(arena.pageKind == .base)
      #expect(lines.count == 1)
      #expect(lines.first?.contains("vm.nr_hugepages") == true)
      #expect(lines.first?.hasPrefix("warning: ") == true, "somebody asked for them")
    }

    @Test("auto takes the best there is, in silence about the others")
    func auto() throws {
      let (arena, lines) = try create(.auto, length: 8 * mebibyte, exactLength: 8 * mebibyte)
      let line = try #require(lines.first)
      #expect(lines.count == 1 && !line.hasPrefix("warning: "), "nobody asked for any kind")
      #expect(line.hasPrefix("shared memory: 8 MiB in \(arena.pageKind)"))
      #expect(line.contains("slower") == (arena.pageKind == .base))
      #expect(line.contains("vm.nr_hugepages") == (arena.pageKind == .base))
      let single = HugePagePolicy.auto.candidates.first { (try? Arena.attempt($0, length: 8 * mebibyte)) != nil }
      #expect(arena.pageKind == single ?? .base)
    }

    @Test("[Error] an arena of no bytes, or of more than a file can have", arguments: [0, UInt64.max])
    func impossible(length: UInt64) {
      #expect(throws: SharedMemoryError.self) { try create(.off, length: length, exactLength: length) }
    }

    @Test("[Error] a refused attempt leaves no descriptor open")
    func noLeak() throws {
      let before = try openDescriptors()
      for _ in 0..<200 {
        for kind in [PageKind.tmpfs, .hugetlb, .thp, .base] { _ = try? Arena.attempt(kind, length: 1 << 62) }
      }
      // Other tests of the process open some meanwhile, but not one for each attempt.
      #expect(try openDescriptors() < before + 150)
    }

    private func openDescriptors() throws -> Int {
      let directory = try #require(opendir("/proc/self/fd"))
      defer { closedir(directory) }
      var count = 0
      while readdir(directory) != nil { count += 1 }
      return count
    }
  }
}
