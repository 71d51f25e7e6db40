import EtcdClient
import Glibc
import Testing

extension EtcdServerTests {
  @Suite("keys and transactions")
  struct KeyTests {
    private let etcds = EtcdServers()

    @Test("given keys that are put, read and deleted, then values, versions and revisions are as etcd counts them")
    func keys() async throws {
      let server = try etcds.start()
      let client = try await server.client()
      let first = try await client.put(bytes("a/1"), [0, 0xff, 0x80])
      let second = try await client.put(bytes("a/1"), bytes("two"))
      #expect(second == first + 1)
      let pair = try #require(try await client.get(bytes("a/1")))
      #expect(pair.value == bytes("two") && pair.version == 2)
      #expect(pair.createRevision == first && pair.modRevision == second)
      let former = try await client.range(.key(bytes("a/1")), revision: first)
      #expect(former.pairs.first?.value == [0, 0xff, 0x80])
      try await client.put(bytes("b"), [])
      #expect(try await client.range(.prefix(bytes("a/"))).pairs.count == 1)
      #expect(try await client.delete(.prefix([])) == 2)
      #expect(try await client.get(bytes("b")) == nil)
      await client.close()
      await #expect(throws: EtcdError.cancelled) { try await client.get(bytes("b")) }
    }

    @Test("given more keys than a page has, some large, then pages tell all of one revision")
    func pages() async throws {
      let server = try etcds.start()
      let client = try await server.client()
      for round in 0..<10 {
        let puts = (0..<100).map {
          Transaction.Operation.put(key: bytes("k/\(round)/\($0)"), value: bytes("\($0)"))
        }
        #expect(try await client.transaction(Transaction(then: puts)).succeeded)
      }
      let large = [UInt8](repeating: 7, count: 1 << 20)
      for number in 0..<4 { try await client.put(bytes("k/5/x\(number)"), large) }
      var keys: [String] = []
      var revisions: Set<Int64> = []
      var pageCount = 0
      for try await page in client.pages(of: .prefix(bytes("k/"))) {
        if pageCount == 0 { try await client.put(bytes("k/z"), bytes("later")) }
        pageCount += 1
        keys += page.pairs.map { String(decoding: $0.key, as: UTF8.self) }
        revisions.insert(page.revision)
      }
      #expect(keys.count == 1004 && keys == keys.sorted() && Set(keys).count == 1004)
      #expect(revisions.count == 1 && pageCount > 1)
    }

    @Test("given a range without keys, then one empty page tells the revision")
    func emptyPages() async throws {
      let server = try etcds.start()
      let client = try await server.client()
      let revision = try await client.put(bytes("a"), [])
      var pages: [RangeResult] = []
      for try await page in client.pages(of: .prefix(bytes("none/"))) { pages.append(page) }
      #expect(pages.count == 1 && pages[0].pairs.isEmpty && pages[0].revision == revision)
    }

    @Test("given comparisons, then the branch is taken that fits, and each operation has its outcome")
    func transactions() async throws {
      let server = try etcds.start()
      let client = try await server.client()
      let key = bytes("lock")
      let take = Transaction(
        if: [.isAbsent(key)], then: [.put(key: key, value: bytes("mine"))], else: [.range(.key(key))])
      let first = try await client.transaction(take)
      #expect(first.succeeded && first.outcomes == [.put])
      let second = try await client.transaction(take)
      guard !second.succeeded, case .range(let found) = second.outcomes[0] else { throw TestFailure("\(second)") }
      #expect(found.pairs[0].value == bytes("mine"))
      let swap = Transaction(
        if: [.isUnchanged(key, since: first.revision), .init(key: key, .equal, .version(1)), .exists(key)],
        then: [.delete(.key(key)), .put(key: bytes("other"), value: [])])
      #expect(try await client.transaction(swap).outcomes == [.delete(1), .put])
      #expect(try await client.transaction(swap).succeeded == false)
      let value = Transaction(if: [.init(key: bytes("other"), .notEqual, .value([1]))], then: [])
      #expect(try await client.transaction(value).succeeded)
    }

    @Test("given what etcd does not take, then the error says which it is")
    func refusals() async throws {
      let server = try etcds.start(["--max-request-bytes", "10000"])
      let client = try await server.client()
      let error = await #expect(throws: EtcdError.self) {
        try await client.put(bytes("a"), [UInt8](repeating: 0, count: 20_000))
      }
      guard case .tooLarge = error else { throw TestFailure("\(String(describing: error))") }
      await #expect(throws: EtcdError.leaseLost(99)) { try await client.put(bytes("a"), [], lease: 99) }
      let twice = Transaction(then: [.put(key: [1], value: []), .put(key: [1], value: [])])
      let refusal = await #expect(throws: EtcdError.self) { try await client.transaction(twice) }
      guard case .refused = refusal else { throw TestFailure("\(String(describing: refusal))") }
      let revision = try await client.put(bytes("a"), [])
      try await client.compact(before: revision)
      await #expect(throws: EtcdError.compacted(nil)) { try await client.range(.prefix([]), revision: revision - 1) }
    }

    @Test("given more calls than the server may ping in half a minute, then they share a connection to the end")
    func manyCalls() async throws {
      let server = try etcds.start()
      let client = try await server.client()
      var watching = Watching(client.watch(.key(bytes("a"))))
      try await watching.readUntilConnected()
      for number in 0..<500 { try await client.put(bytes("a"), bytes("\(number)")) }
      try await watching.readEvents(500)
      #expect(watching.interruptions.isEmpty)
    }

    @Test("given a full database, then that is told")
    func full() async throws {
      let server = try etcds.start(["--quota-backend-bytes", "100000"])
      let client = try await server.client()
      await #expect(throws: EtcdError.noSpace) {
        for number in 0..<100 { try await client.put(bytes("\(number)"), [UInt8](repeating: 1, count: 50_000)) }
      }
    }
  }
}
