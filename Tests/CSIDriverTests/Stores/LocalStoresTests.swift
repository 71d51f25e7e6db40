import GRPCCore
import Glibc
import Testing

@testable import CSIDriver

@Suite("Stores of this machine")
struct LocalStoresTests {
  private func bindSocket(_ path: String) throws {
    let file = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
    defer { close(file) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let bound = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(file, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    try #require(bound == 0)
  }

  @Test("are found by their sockets, and nothing else is")
  func found() async throws {
    let root = try TemporaryDirectory()
    for name in ["ns/b", "ns/a", "other/c", "ns/empty", "ns/Not-A-Name"] { _ = try root.makeDirectory(name) }
    for name in ["ns/a", "ns/b", "other/c", "ns/Not-A-Name"] { try bindSocket("\(root.path)/\(name)/vineyard.sock") }
    let stores = LocalStores(root: root.path, node: "node-1")
    #expect(try await stores.clusters().map(\.description) == ["ns/a", "ns/b", "other/c"])
    let store = try #require(try await stores.stores(of: try .sample("a")).first)
    #expect(store.node == "node-1" && store.isReady)
    #expect(store.address == .socket(root: root.path, name: "ns/a/vineyard.sock"))
    #expect(try await stores.stores(of: try .sample("empty")).isEmpty)
    #expect(try await stores.stores(of: nil).count == 3)
  }

  @Test("are there between two lives when they have volumes to open again")
  func restarting() async throws {
    let root = try TemporaryDirectory()
    _ = try root.makeDirectory("ns/store/volumes/pvc-1")
    #expect(try await LocalStores(root: root.path, node: "a").stores(of: try .sample()).count == 1)
  }

  @Test("are none without the directory")
  func missing() async throws {
    let stores = LocalStores(root: "/nowhere", node: "a")
    #expect(try await stores.clusters().isEmpty)
    #expect(try await stores.stores(of: try .sample()).isEmpty)
  }
}
