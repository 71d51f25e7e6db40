import Glibc
import Testing

@testable import SharedMemory

extension SharedMemoryTests {
  @Suite("memory limits")
  struct MemoryLimitsTests {
    /// A directory with the files given by path, removed at the end of the test.
    final class Tree {
      let root: String
      private var paths: [String] = []

      init(_ files: [String: String]) throws {
        var template = Array("/tmp/vineyard-limits-XXXXXX".utf8CString)
        root = String(cString: try #require(mkdtemp(&template)))
        for (path, text) in files {
          var directory = root
          for name in path.split(separator: "/").dropLast() {
            directory += "/\(name)"
            if mkdir(directory, 0o755) == 0 { paths.append(directory) }
          }
          let file = try #require(fopen("\(root)/\(path)", "w"))
          fputs(text, file)
          fclose(file)
          paths.append("\(root)/\(path)")
        }
      }

      deinit {
        for path in paths.reversed() { remove(path) }
        remove(root)
      }

      func detect() -> MemoryLimits { MemoryLimits.detect(root: root) }
    }

    let meminfo = "MemTotal:       16384 kB\nMemFree:        100 kB\n"

    @Test("without cgroups the machine is the limit")
    func physicalOnly() throws {
      let limits = try Tree(["proc/meminfo": meminfo]).detect()
      #expect(limits == MemoryLimits(physical: 16 << 20, cgroup: nil, hugePagesFree: 0))
      #expect(limits.given(isSized: false) == (8 << 20, .machine), "the other half is for everybody else")
    }

    @Test("version 2: the strictest of the enclosing cgroups counts")
    func version2() throws {
      let tree = try Tree([
        "proc/meminfo": meminfo,
        "proc/self/cgroup": "0::/kubepods/pod1/box\n",
        "sys/fs/cgroup/kubepods/pod1/box/memory.max": "max\n",
        "sys/fs/cgroup/kubepods/pod1/memory.max": "4194304\n",
        "sys/fs/cgroup/kubepods/memory.max": "8388608\n",
      ])
      #expect(tree.detect().cgroup == 4 << 20)
      #expect(tree.detect().given(isSized: false) == (4 << 20, .cgroup))
    }

    @Test("version 2 in a container: the limit is at the root of the mount")
    func container() throws {
      let tree = try Tree([
        "proc/meminfo": meminfo, "proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "2097152\n",
      ])
      #expect(tree.detect().cgroup == 2 << 20)
    }

    @Test("version 2 seen from outside its name space reads only the root")
    func dots() throws {
      let tree = try Tree([
        "proc/meminfo": meminfo, "proc/self/cgroup": "0::/../../other\n",
        "sys/fs/cgroup/memory.max": "2097152\n", "sys/other/memory.max": "1\n", "other/memory.max": "1\n",
      ])
      #expect(tree.detect().cgroup == 2 << 20)
    }

    @Test("version 1: its own path, and no limit is a huge number")
    func version1() throws {
      let tree = try Tree([
        "proc/meminfo": meminfo,
        "proc/self/cgroup": "4:cpu,memory:/box:with:colons\n0::/\n",
        "sys/fs/cgroup/memory/box:with:colons/memory.limit_in_bytes": "3145728\n",
        "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
      ])
      #expect(tree.detect().cgroup == 3 << 20)
    }

    @Test("version 1 without a limit is none")
    func version1Unlimited() throws {
      let tree = try Tree([
        "proc/meminfo": meminfo, "proc/self/cgroup": "4:memory:/\n",
        "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
      ])
      #expect(tree.detect().cgroup == nil)
    }

    @Test("version 1 in a container: what encloses it is not seen, and its limit counts nevertheless")
    func version1Hierarchy() throws {
      let tree = try Tree([
        "proc/meminfo": meminfo, "proc/self/cgroup": "4:memory:/kubepods/pod1/box\n",
        "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
        "sys/fs/cgroup/memory/memory.stat": "cache 5\nhierarchical_memory_limit 5242880\ntotal_cache 1\n",
      ])
      #expect(tree.detect().cgroup == 5 << 20)
    }

    @Test("version 2: what is only slowed down is a limit too")
    func high() throws {
      let tree = try Tree([
        "proc/meminfo": meminfo, "proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "4194304\n",
        "sys/fs/cgroup/memory.high": "3145728\n",
      ])
      #expect(tree.detect().cgroup == 3 << 20)
    }

    @Test(
      "the memory volume of a pod is the kubelet's, not the container runtime's",
      arguments: [
        ("tmpfs tmpfs rw,size=3565158k,inode64", 3_565_158 << 10), ("tmpfs tmpfs rw,size=1g", 1 << 30),
        ("tmpfs shm rw,size=65536k", nil), ("tmpfs tmpfs rw,inode64", nil), ("ext4 /dev/sda1 rw,size=5", nil),
      ] as [(String, UInt64?)])
    func volume(_ file: String, _ bytes: UInt64?) throws {
      let line = "641 632 0:55 / /dev/shm rw,relatime shared:3 - \(file)\n"
      let tree = try Tree([
        "proc/meminfo": meminfo, "proc/self/mountinfo": "30 1 8:1 / / rw - ext4 /dev/sda1 rw\n\(line)",
      ])
      #expect(MemoryLimits.detect(root: tree.root, volume: "/dev/shm").volume == bytes)
      #expect(MemoryLimits.detect(root: tree.root).volume == nil, "outside of Kubernetes")
    }

    @Test(
      "a pod that nothing but its node limits takes half of what the node has for pods, unless it was told its size")
    func node() {
      let machine: UInt64 = 24 << 30
      let node: UInt64 = 3_650_000_000
      let limits = MemoryLimits(physical: machine, volume: node, node: node)
      #expect(limits.given(isSized: false) == (node / 2, .node))
      #expect(limits.given(isSized: true) == (node, .node))
      #expect(MemoryLimits(physical: machine, volume: node).given(isSized: false) == (node / 2, .node))
      let limited = MemoryLimits(physical: machine, cgroup: 1 << 30, volume: 1 << 30, node: 1 << 30)
      #expect(limited.given(isSized: false) == (1 << 30, .cgroup))
    }

    @Test("pages are not taken when the machine has hardly any left")
    func machineIsFull() throws {
      let file = { (available: UInt64) in "MemTotal: 16777216 kB\nMemAvailable: \(available) kB\n" }
      let root = { (tree: Tree) in tree.root + "/" }
      let low = try Tree(["proc/meminfo": file(280_000)])
      #expect(SystemMemory(root: root(low)).hasRoom(for: 1 << 20))
      #expect(!SystemMemory(root: root(low)).hasRoom(for: 32 << 20))
      #expect(SystemMemory(root: "/nonexistent/").hasRoom(for: 1 << 40), "where /proc says nothing")
    }

    @Test("a cgroup larger than the machine doesn't make it larger")
    func largeCgroup() throws {
      let tree = try Tree([
        "proc/meminfo": meminfo, "proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "1099511627776\n",
      ])
      #expect(tree.detect().given(isSized: true) == (8 << 20, .machine))
    }

    @Test("huge pages are those neither promised nor forbidden by the cgroup")
    func hugePages() throws {
      var files = [
        "proc/meminfo": meminfo, "proc/self/cgroup": "0::/box\n",
        "sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages": "100\n",
        "sys/kernel/mm/hugepages/hugepages-2048kB/resv_hugepages": "30\n",
      ]
      #expect(try Tree(files).detect().hugePagesFree == 70)
      files["sys/fs/cgroup/box/hugetlb.2MB.max"] = "max\n"
      #expect(try Tree(files).detect().hugePagesFree == 70)
      files["sys/fs/cgroup/box/hugetlb.2MB.max"] = "20971520\n"
      #expect(try Tree(files).detect().hugePagesFree == 10)
    }

    @Test("here, the limits are those of a real machine")
    func here() {
      let limits = MemoryLimits.detect()
      #expect(limits.physical > 64 << 20)
      #expect(limits.given(isSized: true).bytes <= limits.physical)
    }
  }
}
