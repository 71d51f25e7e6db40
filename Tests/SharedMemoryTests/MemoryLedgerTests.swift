import Glibc
import Testing

@testable import SharedMemory

extension SharedMemoryTests {
  @Suite("memory ledger")
  final class MemoryLedgerTests {
    private let directory: String

    init() throws {
      var template = Array("/tmp/vineyard-ledger-XXXXXX".utf8CString)
      directory = String(cString: try #require(mkdtemp(&template)))
    }

    deinit {
      for name in names { unlink("\(directory)/\(name)") }
      rmdir(directory)
    }

    private var names: [String] {
      guard let entries = opendir(directory) else { return [] }
      defer { closedir(entries) }
      var names: [String] = []
      while let entry = readdir(entries) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
          pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name.first != "." { names.append(name) }
      }
      return names
    }

    /// What a new store finds promised when it takes some bytes, and the store's ledger.
    private func reserve(_ bytes: UInt64) -> (promised: UInt64, ledger: MemoryLedger) {
      let ledger = MemoryLedger(directory: directory)
      let promised = ledger.reserve { (bytes, $0) }
      #expect(promised.onMachine == promised.inCgroup, "all stores of a test are in one cgroup")
      return (promised.onMachine, ledger)
    }

    @Test("each store sees what the others may take, and what ends is given back")
    func sums() {
      let first = reserve(5)
      var second: (promised: UInt64, ledger: MemoryLedger)? = reserve(7)
      let third = reserve(11)
      #expect([first.promised, second?.promised, third.promised] == [0, 5, 12])
      second = nil
      #expect(reserve(0).promised == 16)
      withExtendedLifetime((first, third)) {}
    }

    @Test("files of stores that have ended are removed, and others are left alone")
    func leftovers() throws {
      for name in ["store-1-2", "mine"] {
        let file = try #require(fopen("\(directory)/\(name)", "w"))
        fputs("1000", file)
        fclose(file)
      }
      #expect(mkfifo("\(directory)/store-3-4", 0o600) == 0)
      #expect(symlink("/etc/passwd", "\(directory)/store-5-6") == 0)
      let (promised, ledger) = reserve(5)
      #expect(promised == 0)
      #expect(names.contains("mine") && !names.contains("store-1-2"))
      withExtendedLifetime(ledger) {}
    }

    @Test("a directory that others can write to is not believed")
    func strangers() {
      let first = reserve(5)
      #expect(chmod(directory, 0o777) == 0)
      #expect(reserve(5).promised == 0)
      #expect(MemoryLedger(directory: "/proc/nothing").reserve { (1, $0) } == .init())
      withExtendedLifetime(first) {}
    }

    @Test("stores that decide at the same time do not overlook each other")
    func race() async {
      let directory = directory
      let promises = await withTaskGroup(of: (UInt64, MemoryLedger).self) { group in
        for _ in 0..<8 {
          group.addTask {
            let ledger = MemoryLedger(directory: directory)
            return (ledger.reserve { (1, $0.onMachine) }, ledger)
          }
        }
        return await group.reduce(into: [(UInt64, MemoryLedger)]()) { $0.append($1) }
      }
      #expect(promises.map(\.0).sorted() == Array(0..<8))
    }
  }
}
