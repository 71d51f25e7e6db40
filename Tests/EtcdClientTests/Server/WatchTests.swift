import EtcdClient
import Testing

extension EtcdServerTests {
  @Suite("watches")
  struct WatchTests {
    private let etcds = EtcdServers()

    @Test("given changes before and after its beginning, then a watch tells those of its range from its revision on")
    func events() async throws {
      let server = try etcds.start()
      let client = try await server.client()
      try await client.put(bytes("a/0"), bytes("before"))
      let revision = try await client.put(bytes("a/1"), bytes("x"))
      var watching = Watching(client.watch(.prefix(bytes("a/")), from: revision))
      try await watching.readEvents(1)
      try await client.put(bytes("b"), bytes("elsewhere"))
      let both: [Transaction.Operation] = [.put(key: bytes("a/2"), value: bytes("y")), .delete(.key(bytes("a/0")))]
      _ = try await client.transaction(Transaction(then: both))
      try await watching.readEvents(3)
      #expect(watching.told.first == "a/1=x" && Set(watching.told) == ["a/1=x", "a/2=y", "-a/0"])
      #expect(watching.interruptions.isEmpty)
    }

    @Test("given a reader that lags behind, then it gets everything, and the watch keeps its connection")
    func slowReader() async throws {
      let server = try etcds.start()
      let client = try await server.client {
        $0.probe = .milliseconds(100)
        $0.patience = .seconds(20)
      }
      var watching = Watching(client.watch(.prefix(bytes("k/")), from: 1))
      try await watching.readUntilConnected()
      for number in 0..<200 { try await client.put(bytes("k/\(number)"), []) }
      try await watching.readEvents(200)
      #expect(watching.told == (0..<200).map { "k/\($0)=" })
      #expect(watching.interruptions.isEmpty)
    }

    @Test("given a transaction larger than a message may be, then its events arrive together")
    func fragments() async throws {
      let server = try etcds.start(["--max-request-bytes", "400000"])
      let client = try await server.client()
      var watching = Watching(client.watch(.prefix(bytes("k/")), from: 1))
      try await watching.readUntilConnected()
      // Catching up with many revisions at once makes etcd divide what it sends.
      let value = [UInt8](repeating: 1, count: 100_000)
      try server.inject(.pause)
      let puts = Task {
        for number in 0..<10 { try await client.put(bytes("k/\(number)"), value, within: .seconds(60)) }
      }
      try server.inject(.resume)
      try await puts.value
      var late = Watching(client.watch(.prefix(bytes("k/")), from: 1))
      try await late.readEvents(10)
      try await watching.readEvents(10)
      #expect(late.told.map(\.count) == watching.told.map(\.count))
    }

    @Test("given etcd that is killed and started again, then a watch tells every change exactly once", arguments: 1...2)
    func restarts(_ restarts: Int) async throws {
      let server = try etcds.start()
      let client = try await server.client()
      var watching = Watching(client.watch(.prefix(bytes("k/")), from: 1))
      try await watching.readUntilConnected()
      var expected: [String] = []
      for round in 0...restarts {
        for number in 0..<20 {
          try await client.put(bytes("k/\(number)"), bytes("\(round)"), within: .seconds(60))
          expected.append("k/\(number)=\(round)")
        }
        if round == restarts { break }
        try server.inject(.kill)
        try await watching.read { if case .interrupted = $0 { true } else { false } }
        try server.start()
        // What the write below finds out about the connection must not be that it may have happened.
        _ = try await client.get(bytes("k"), within: .seconds(60))
      }
      try await watching.readEvents(expected.count)
      #expect(watching.told == expected)
      #expect(watching.interruptions.count >= restarts)
    }

    @Test("given a server that hangs, then a watch notices by itself and goes on when it answers again")
    func hanging() async throws {
      let server = try etcds.start()
      let client = try await server.client {
        $0.probe = .milliseconds(200)
        $0.patience = .milliseconds(300)
      }
      var watching = Watching(client.watch(.prefix(bytes("k/"))))
      try await watching.readUntilConnected()
      try server.inject(.pause)
      try await watching.read { if case .interrupted = $0 { true } else { false } }
      try server.inject(.resume)
      try await watching.readUntilConnected()
      try await client.put(bytes("k/1"), bytes("x"), within: .seconds(60))
      try await watching.readEvents(1)
      #expect(watching.told == ["k/1=x"])
    }

    @Test("given a beginning that was compacted, then a watch says so and from where there is history")
    func compactedBeginning() async throws {
      let server = try etcds.start()
      let client = try await server.client()
      try await client.put(bytes("a"), [])
      try await client.put(bytes("a"), [])
      let revision = try await client.put(bytes("a"), [])
      try await client.compact(before: revision)
      var watching = Watching(client.watch(.prefix([]), from: 2))
      await #expect(throws: EtcdError.compacted(revision)) { try await watching.read { _ in false } }
    }

    @Test("given a compaction while a watch is interrupted, then it says so instead of leaving a gap")
    func compactedMeanwhile() async throws {
      let (server, client) = try await watched()
      var watching = Watching(client.watch(.prefix(bytes("k/"))))
      try await watching.readUntilConnected()
      try server.inject(.pause)
      try await watching.read { if case .interrupted = $0 { true } else { false } }
      // The watch asks again as soon as it can; those who are faster are another connection's changes.
      try server.inject(.kill)
      try server.start()
      let other = try await server.client()
      var revision: Int64 = 0
      for number in 0..<5 { revision = try await other.put(bytes("k/\(number)"), []) }
      try await other.compact(before: revision)
      // It either was back before the first change, and has seen all, or learns that it cannot.
      do {
        try await watching.readEvents(5)
      } catch {
        #expect(error as? EtcdError == .compacted(revision))
      }
    }

    @Test("given a compaction under a watch that is up to date, then nothing is lost and nothing ends")
    func compactedUnder() async throws {
      let (_, client) = try await watched()
      var watching = Watching(client.watch(.prefix(bytes("k/"))))
      try await watching.readUntilConnected()
      let revision = try await client.put(bytes("k/1"), [])
      try await client.compact(before: revision)
      try await client.put(bytes("k/2"), [])
      try await watching.readEvents(2)
      #expect(watching.told == ["k/1=", "k/2="] && watching.interruptions.isEmpty)
    }

    @Test("given etcd that comes back without its data, then a watch says that its history is lost")
    func wiped() async throws {
      let (server, client) = try await watched()
      for _ in 0..<20 { try await client.put(bytes("k/1"), []) }
      var watching = Watching(client.watch(.prefix(bytes("k/"))))
      try await watching.readUntilConnected()
      try server.inject(.wipe)
      try server.start()
      let error = await #expect(throws: EtcdError.self) { try await watching.read { _ in false } }
      guard case .historyLost = error else { throw TestFailure("\(String(describing: error))") }
    }

    @Test("given a quiet range, then notes of progress move a watch on, so that a compaction does not end it")
    func progress() async throws {
      let server = try etcds.start(["--experimental-watch-progress-notify-interval", "100ms"])
      let client = try await server.client()
      var watching = Watching(client.watch(.prefix(bytes("k/"))))
      try await watching.readUntilConnected()
      var revision: Int64 = 0
      for _ in 0..<5 { revision = try await client.put(bytes("other"), []) }
      try await watching.read { if case .progress(let told) = $0 { told >= revision } else { false } }
      try await client.compact(before: revision)
      try server.inject(.kill)
      try await watching.read { if case .interrupted = $0 { true } else { false } }
      try server.start()
      try await watching.readUntilConnected()
    }

    @Test("given a watch that nobody reads any more, then the client closes without waiting for it")
    func dropped() async throws {
      let (_, client) = try await watched()
      do {
        var watching = Watching(client.watch(.prefix([])))
        try await watching.readUntilConnected()
      }
      var other = Watching(client.watch(.prefix([])))
      try await other.readUntilConnected()
      await client.close()
      await #expect(throws: EtcdError.cancelled) { try await other.read { _ in false } }
    }

    private func watched() async throws -> (EtcdServer, EtcdClient) {
      let server = try etcds.start()
      let client = try await server.client {
        $0.probe = .milliseconds(200)
        $0.patience = .milliseconds(500)
      }
      return (server, client)
    }
  }
}
