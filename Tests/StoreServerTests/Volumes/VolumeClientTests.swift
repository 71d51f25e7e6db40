import Glibc
import StoreClient
import StoreProtocol
import Support
import Testing

@testable import StoreServer

extension StoreServerTests {
  @Suite("the client of volumes")
  struct VolumeClientTests {
    private let server: RunningServer

    init() throws { server = try RunningServer() }

    private func connect() throws -> VolumeClient {
      let client = try StoreClient(path: server.socketPath, timeout: .seconds(30))
      try client.handshake()
      return VolumeClient(client)
    }

    private func settings(_ id: String, _ change: (inout VolumeSettings) -> Void = { _ in }) -> VolumeSettings {
      var settings = VolumeSettings(id: id)
      settings.quota = 1 << 20
      change(&settings)
      return settings
    }

    @Test("opens a volume once, and reads back what was ordered")
    func open() throws {
      let volumes = try connect()
      #expect(try volumes.inspect("v") == nil)
      let wanted = settings("v") {
        $0.isEphemeral = true
        $0.attributes = ["pod": #"a "b" \ ä"#]
      }
      let volume = try volumes.open(wanted)
      #expect(volume.id == "v" && volume.kind == .volume && volume.scope == .volume && volume.onDelete == .delete)
      #expect(volume.isEphemeral && volume.quota == 1 << 20 && volume.attributes == wanted.attributes)
      #expect(volume.used == 0 && volume.objects == 0 && volume.source == nil && volume.created > 0)
      #expect(try volumes.open(wanted) == volume)
      #expect(try volumes.inspect("v") == volume)
    }

    @Test("is told what differs when the id is taken, and why there is no room")
    func refusals() throws {
      let volumes = try connect()
      _ = try volumes.open(settings("v"))
      try expect(.objectExists) { _ = try volumes.open(settings("v") { $0.quota = 2 << 20 }) }
      try expect(.notEnoughMemory) { _ = try volumes.open(settings("w") { $0.quota = 1 << 62 }) }
      try expect(.notEnoughMemory) { _ = try volumes.change("v", VolumeChange(quota: 1 << 62)) }
      try expect(.objectNotExists) { _ = try volumes.change("none", VolumeChange(quota: 1)) }
      try expect(.objectNotExists) {
        _ = try volumes.open(settings("w") { $0.source = VolumeSource(kind: .snapshot, id: "none") })
      }
      try expect(.userInputError) { _ = try volumes.open(settings("../w")) }
    }

    private func expect(_ code: StatusCode, _ body: () throws -> Void) throws {
      let error = #expect(throws: StoreClientError.self, performing: body)
      guard case .refused(let refusal) = error else {
        Issue.record("not refused: \(error.map { "\($0)" } ?? "no error")")
        return
      }
      #expect(refusal.code == code)
      #expect(!refusal.message.isEmpty)
    }

    @Test("resizes, freezes, copies, lists and deletes")
    func life() throws {
      let volumes = try connect()
      _ = try volumes.open(settings("v"))
      #expect(try volumes.change("v", VolumeChange(quota: 2 << 20)).limit == 2 << 20)
      let changed = try volumes.change("v", VolumeChange(quota: 0, onDelete: .retain))
      #expect(changed.limit == nil && changed.onDelete == .retain)
      #expect(try volumes.freeze("v", true).isFrozen)
      #expect(try !volumes.freeze("v", false).isFrozen)
      let snapshot = try volumes.createSnapshot("s", of: "v", attributes: ["of": "claim"])
      #expect(snapshot.kind == .snapshot && snapshot.source == "v" && snapshot.attributes == ["of": "claim"])
      #expect(try volumes.inspect("s", kind: .snapshot) == snapshot)
      #expect(try volumes.inspect("s") == nil)
      let clone = try volumes.open(settings("w") { $0.source = VolumeSource(kind: .snapshot, id: "s") })
      #expect(clone.source == "s")

      let list = try volumes.list()
      #expect(list.volumes.map(\.id) == ["s", "v", "w"])
      #expect(list.capacity == StoreCapacity(limit: 16 << 20, used: 0, reserved: 1 << 20))
      #expect(list.capacity.available == 15 << 20)

      #expect(try volumes.deleteSnapshot("s"))
      #expect(try !volumes.deleteSnapshot("s"))
      #expect(try volumes.delete("v"))
      #expect(try !volumes.delete("v"))
      #expect(try volumes.delete("w"))
      #expect(try volumes.list().volumes.isEmpty)
    }

    @Test("reaches a socket whose path is longer than an address")
    func longPath() throws {
      let detour = String(repeating: "/.", count: 200)
      let client = try StoreClient(path: "\(server.directory)\(detour)/vineyard.sock", timeout: .seconds(30))
      try client.handshake()
      #expect(throws: ProgramError.self) { try StoreClient(path: "\(server.directory)\(detour)/none.sock") }
      #expect(throws: ProgramError.self) { try StoreClient(path: "/none\(detour)/vineyard.sock") }
      let longName = String(repeating: "n", count: 200)
      #expect(throws: ProgramError.self) { try StoreClient(path: "\(server.directory)/\(longName)") }
    }

    @Test("reaches the RPC port by name and by address, where volumes need the admin's token")
    func network() throws {
      for host in ["127.0.0.1", "localhost"] {
        let client = try StoreClient(host: host, port: server.rpcPort, timeout: .seconds(30))
        try client.handshake()
        let error = #expect(throws: StoreClientError.self) { try VolumeClient(client, adminToken: "guess").list() }
        guard case .refused = error else {
          Issue.record("not refused")
          continue
        }
      }
    }

    @Test("fails where nobody listens, where nobody answers, and where the answer is none")
    func silence() throws {
      let listener = try SilentListener()
      defer { listener.close() }
      let client = try StoreClient(
        host: "127.0.0.1", port: listener.port, timeout: TimeSpan(nanoseconds: 20_000_000))
      #expect(throws: StoreClientError.self) { try client.handshake() }
      let port = listener.port
      listener.close()
      #expect(throws: ProgramError.self) { try StoreClient(host: "127.0.0.1", port: port, timeout: .seconds(30)) }
    }
  }
}

/// A port that is open, behind which nobody is.
private final class SilentListener {
  let port: UInt16
  private var file: CInt

  init() throws {
    file = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = in_addr_t(INADDR_LOOPBACK).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let file = file
    let isOpen = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(file, $0, length) == 0 && listen(file, 1) == 0 && getsockname(file, $0, &length) == 0
      }
    }
    try #require(isOpen)
    port = UInt16(bigEndian: address.sin_port)
  }

  func close() {
    if file >= 0 { Glibc.close(file) }
    file = -1
  }
}
