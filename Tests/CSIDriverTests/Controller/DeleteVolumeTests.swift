import CSIProtocol
import GRPCCore
import StoreClient
import StoreProtocol
import SwiftProtobuf
import Synchronization
import Testing

@testable import CSIDriver

@Suite("DeleteVolume")
struct DeleteVolumeTests {
  @Test("frees every byte, and is done however often it is called")
  func delete() async throws {
    let (a, b) = (try StoreNode("a"), try StoreNode("b"))
    let world = ControllerWorld(a, b)
    let before = try b.client().list().capacity
    let volume = try await world.create {
      $0.capacityRange.requiredBytes = 32 << 20
      $0.accessibilityRequirements = .nodes(requisite: ["b"])
    }
    try b.write(8 << 20, to: "pvc-1")
    #expect(try b.client().list().capacity.used >= 8 << 20)
    for _ in 0..<3 { try await world.delete(volume.volumeID) }
    #expect(try b.volumes().isEmpty)
    #expect(try b.client().list().capacity == before)
  }

  @Test(
    "succeeds for what is no volume",
    arguments: ["fake-vol-id", "ns/store/pvc-unknown", "ns/gone/pvc-1", "a/b", "ns/store/..", "//", "ns/Bad_/x"])
  func unknown(id: String) async throws {
    try await ControllerWorld(try StoreNode("a")).delete(id)
  }

  @Test("removes every copy that interrupted calls have left")
  func copies() async throws {
    let (a, b) = (try StoreNode("a"), try StoreNode("b"))
    let world = ControllerWorld(a, b)
    for node in ["a", "b"] {
      _ = try await ControllerWorld(node == "a" ? a : b).create { $0.capacityRange.requiredBytes = 2 << 20 }
    }
    try await world.delete("ns/store/pvc-1")
    #expect(try a.volumes().isEmpty && b.volumes().isEmpty)
  }

  @Test("[Error] the store that may have it doesn't answer")
  func silence() async throws {
    let (a, b) = (try StoreNode("a"), try StoreNode("b"))
    let world = ControllerWorld(a, b)
    try await world.create {
      $0.capacityRange.requiredBytes = 2 << 20
      $0.accessibilityRequirements = .nodes(requisite: ["a"])
    }
    a.stop()
    let error = await #expect(throws: RPCError.self) { try await world.delete("ns/store/pvc-1") }
    #expect(error?.code == .unavailable && error?.message.contains("node a") == true)
    try a.start()
    #expect(try a.volumes().map(\.id) == ["pvc-1"])
    try await world.delete("ns/store/pvc-1")
    #expect(try a.volumes().isEmpty)
  }

  @Test("doesn't wait for other stores once it is deleted")
  func silentNeighbour() async throws {
    let (a, b) = (try StoreNode("a"), try StoreNode("b"))
    let world = ControllerWorld(a, b)
    try await world.create {
      $0.capacityRange.requiredBytes = 2 << 20
      $0.accessibilityRequirements = .nodes(requisite: ["a"])
    }
    b.stop()
    try await world.delete("ns/store/pvc-1")
    #expect(try a.volumes().isEmpty)
  }

  @Test("of a volume of the original succeeds, and deletes what a store keeps for it")
  func original() async throws {
    let (a, b) = (try StoreNode("a"), try StoreNode("b"))
    let world = ControllerWorld(a, b)
    let id = "0f7e1c52-7a3a-11ee-b962-0242ac120002"
    _ = try a.client().open(.sharing(id))
    b.stop()
    try await world.delete(id)
    #expect(try a.volumes().isEmpty)
    try await world.delete(id)
    #expect(world.log.contains { $0.contains("WARN") && $0.contains(id) })
  }

  @Test("[Error] no volume id")
  func missing() async throws {
    let error = await #expect(throws: RPCError.self) { try await ControllerWorld().delete("") }
    #expect(error?.code == .invalidArgument)
  }

  @Test("[Error] nobody tells whether there are stores")
  func blind() async throws {
    let world = ControllerWorld(try StoreNode("a"))
    world.isBlind.withLock { $0 = true }
    let error = await #expect(throws: RPCError.self) { try await world.delete("ns/store/pvc-1") }
    #expect(error?.code == .unavailable)
  }
}
