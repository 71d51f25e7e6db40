import CSIProtocol
import GRPCCore
import StoreClient
import StoreProtocol
import SwiftProtobuf
import Synchronization
import Testing

@testable import CSIDriver

private let mebibyte: Int64 = 1 << 20

extension Csi_V1_CreateVolumeRequest {
  fileprivate mutating func require(_ bytes: Int64) { capacityRange.requiredBytes = bytes }
}

@Suite("CreateVolume")
struct CreateVolumeTests {
  @Test("makes the volume on the preferred node, and nowhere else")
  func preferred() async throws {
    let (a, b) = (try StoreNode("a"), try StoreNode("b"))
    let world = ControllerWorld(a, b)
    let volume = try await world.create {
      $0.require(8 * mebibyte)
      $0.accessibilityRequirements = .nodes(requisite: ["a", "b"], preferred: ["b", "a"])
    }
    #expect(volume.volumeID == "ns/store/pvc-1" && volume.capacityBytes == 8 * mebibyte && volume.nodes == ["b"])
    #expect(try a.volumes().isEmpty)
    let record = try #require(try b.volumes().first)
    #expect(record.id == "pvc-1" && record.quota == UInt64(8 * mebibyte))
    #expect(record.attributes["csi.storage.k8s.io/pvc/name"] == "data")
  }

  @Test("answers the same again, whatever controller is asked and whoever has most room now")
  func repeated() async throws {
    let world = ControllerWorld(try StoreNode("a"), try StoreNode("b"))
    let first = try await world.create { $0.require(48 * mebibyte) }
    for _ in 0..<3 { #expect(try await world.create { $0.require(48 * mebibyte) } == first) }
  }

  @Test("of twenty calls at once for the same volume makes one")
  func concurrent() async throws {
    let nodes = (try StoreNode("a"), try StoreNode("b"))
    let world = ControllerWorld(nodes.0, nodes.1)
    let service = world.controller()
    let volumes = try await withThrowingTaskGroup(of: Csi_V1_Volume.self) { group in
      for _ in 0..<20 {
        group.addTask {
          try await world.call(service, ControllerService.createVolume, .sample { $0.require(mebibyte * 2) }).volume
        }
      }
      return try await group.reduce(into: Set<Csi_V1_Volume>()) { $0.insert($1) }
    }
    #expect(volumes.count == 1)
    #expect(try nodes.0.volumes().count + nodes.1.volumes().count == 1)
  }

  @Test("goes on to the next node when one is full")
  func nextNode() async throws {
    let world = ControllerWorld(try StoreNode("a", memory: 16 << 20), try StoreNode("b"))
    let volume = try await world.create {
      $0.require(32 * mebibyte)
      $0.accessibilityRequirements = .nodes(requisite: ["a", "b"], preferred: ["a"])
    }
    #expect(volume.nodes == ["b"])
  }

  @Test("without requirements takes the node with most room")
  func mostRoom() async throws {
    let world = ControllerWorld(try StoreNode("a", memory: 32 << 20), try StoreNode("b", memory: 64 << 20))
    #expect(try await world.create("pvc-1") { $0.require(48 * mebibyte) }.nodes == ["b"])
    #expect(try await world.create("pvc-2") { $0.require(8 * mebibyte) }.nodes == ["a"])
  }

  @Test("[Error] no room on the only node that is allowed")
  func noRoom() async throws {
    let world = ControllerWorld(try StoreNode("a", memory: 16 << 20), try StoreNode("b"))
    let error = await #expect(throws: RPCError.self) {
      try await world.create {
        $0.require(32 * mebibyte)
        $0.accessibilityRequirements = .nodes(requisite: ["a"])
      }
    }
    #expect(error?.code == .resourceExhausted)
    #expect(error?.message.contains("node a: ") == true && error?.message.contains("node b") == false)
  }

  @Test("[Error] the selected node has no store, or none that is ready")
  func noStore() async throws {
    let a = try StoreNode("a")
    let world = ControllerWorld(a)
    a.isReady.withLock { $0 = false }
    for (node, reason) in [("a", "not ready"), ("elsewhere", "no store")] {
      let error = await #expect(throws: RPCError.self) {
        try await world.create { $0.accessibilityRequirements = .nodes(requisite: [node]) }
      }
      #expect(error?.code == .resourceExhausted)
      #expect(error?.message.contains("node \(node): ") == true && error?.message.contains(reason) == true)
    }
  }

  @Test("[Error] the store restarts; afterwards the same call succeeds")
  func restart() async throws {
    let a = try StoreNode("a")
    let world = ControllerWorld(a)
    a.stop()
    let error = await #expect(throws: RPCError.self) { try await world.create { $0.require(mebibyte * 2) } }
    #expect(error?.code == .unavailable)
    try a.start()
    #expect(try await world.create { $0.require(mebibyte * 2) }.nodes == ["a"])
  }

  @Test("makes volumes on one node while another doesn't answer")
  func silentNeighbour() async throws {
    let (a, b) = (try StoreNode("a"), try StoreNode("b"))
    a.stop()
    #expect(try await ControllerWorld(a, b).create { $0.require(mebibyte * 2) }.nodes == ["b"])
  }

  @Test("[Error] already existing name and different capacity")
  func differentCapacity() async throws {
    let world = ControllerWorld(try StoreNode("a"))
    try await world.create { $0.require(8 * mebibyte) }
    let error = await #expect(throws: RPCError.self) { try await world.create { $0.require(16 * mebibyte) } }
    #expect(error?.code == .alreadyExists && error?.message.contains("8388608") == true)
  }

  @Test("[Error] it exists on a node that is not allowed")
  func elsewhere() async throws {
    let world = ControllerWorld(try StoreNode("a"), try StoreNode("b"))
    try await world.create {
      $0.require(8 * mebibyte)
      $0.accessibilityRequirements = .nodes(requisite: ["a"])
    }
    let error = await #expect(throws: RPCError.self) {
      try await world.create {
        $0.require(8 * mebibyte)
        $0.accessibilityRequirements = .nodes(requisite: ["b"])
      }
    }
    #expect(error?.code == .alreadyExists)
  }

  @Test("[Error] nobody tells where the stores are")
  func blind() async throws {
    let world = ControllerWorld(try StoreNode("a"))
    world.isBlind.withLock { $0 = true }
    let error = await #expect(throws: RPCError.self) { try await world.create() }
    #expect(error?.code == .unavailable)
  }

  @Test("with a VolumeAttributesClass makes the volume as that says, rather than as the StorageClass does")
  func mutableParameters() async throws {
    let a = try StoreNode("a")
    let world = ControllerWorld(a)
    func create() async throws -> Csi_V1_Volume {
      try await world.create {
        $0.require(8 * mebibyte)
        $0.parameters["quota"] = "8Mi"
        $0.mutableParameters = ["readOnly": "true", "ONDELETE": "retain", "quota": "16Mi"]
      }
    }
    let volume = try await create()
    let record = try #require(try a.volumes().first)
    #expect(record.isFrozen && record.onDelete == .retain && record.quota == 16 << 20)
    #expect(try await create() == volume)
    let error = await #expect(throws: RPCError.self) { try await world.create { $0.require(8 * mebibyte) } }
    #expect(error?.code == .alreadyExists)
  }
}
