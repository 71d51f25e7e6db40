import CSIProtocol
import GRPCCore
import StoreClient
import StoreProtocol
import SwiftProtobuf
import Synchronization
import Testing

@testable import CSIDriver

@Suite("What the controller tells of volumes")
struct VolumeReportTests {
  private let (a, b): (StoreNode, StoreNode)
  private let world: ControllerWorld
  private static let originals = OriginalVolumes(
    volumes: [.init(id: "0f7e1c52-7a3a-11ee-b962-0242ac120002", name: "pvc-0", size: 1 << 20)])

  init() throws {
    (a, b) = (try StoreNode("a"), try StoreNode("b"))
    world = ControllerWorld(a, b)
  }

  private func list(
    _ service: ControllerService? = nil, _ change: (inout Csi_V1_ListVolumesRequest) -> Void = { _ in }
  ) async throws -> Csi_V1_ListVolumesResponse {
    try await world.call(service ?? world.controller(), ControllerService.listVolumes, .with(change))
  }

  private func get(_ id: String, _ service: ControllerService? = nil) async throws -> Csi_V1_ControllerGetVolumeResponse
  {
    try await world.call(
      service ?? world.controller(), ControllerService.controllerGetVolume, .with { $0.volumeID = id })
  }

  @Test("lists have the volumes of every node, in parts that add up")
  func lists() async throws {
    for (name, node) in [("v3", "a"), ("v1", "b"), ("v2", "a")] {
      try await world.create(name) {
        $0.capacityRange.requiredBytes = 2 << 20
        $0.accessibilityRequirements = .nodes(requisite: [node])
      }
    }
    let all = try await list().entries
    #expect(all.map(\.volume.volumeID) == ["ns/store/v1", "ns/store/v2", "ns/store/v3"])
    #expect(all.map(\.volume.nodes) == [["b"], ["a"], ["a"]])
    #expect(all.allSatisfy { !$0.status.volumeCondition.abnormal && !$0.status.volumeCondition.message.isEmpty })
    let first = try await list { $0.maxEntries = 2 }
    #expect(first.entries == Array(all[..<2]))
    try await world.delete("ns/store/v2")
    #expect(try await list { $0.startingToken = first.nextToken }.entries == [all[2]])
  }

  @Test("lists leave out stores that don't answer, which the log says; with none left they fail")
  func silence() async throws {
    try await world.create("v1") {
      $0.accessibilityRequirements = .nodes(requisite: ["a"])
      $0.clearCapacityRange()
    }
    b.stop()
    #expect(try await list().entries.map(\.volume.volumeID) == ["ns/store/v1"])
    #expect(world.log.contains { $0.contains("WARN") && $0.contains("node b") })
    a.stop()
    let error = await #expect(throws: RPCError.self) { try await list() }
    #expect(error?.code == .unavailable)
  }

  @Test("the original's volumes are listed until a store has them, then as the store tells")
  func originals() async throws {
    let service = world.controller(Self.originals)
    let id = Self.originals.volumes[0].id
    #expect(try await list(service).entries.map(\.volume) == [Self.originals.volumes[0].answer])
    #expect(try await get(id, service).volume.capacityBytes == 1 << 20)
    _ = try b.client().open(.sharing(id))
    #expect(try await list(service).entries.map(\.volume.volumeID) == [id])
    #expect(try await get(id, service).volume.nodes == ["b"])
  }

  @Test("a volume's condition is that of its store: good, full, or out of reach")
  func condition() async throws {
    try await world.create("v1") {
      $0.capacityRange.requiredBytes = 8 << 20
      $0.accessibilityRequirements = .nodes(requisite: ["a"])
    }
    let good = try await get("ns/store/v1")
    #expect(!good.status.volumeCondition.abnormal && good.volume.nodes == ["a"])
    try a.write(8 << 20, to: "v1")
    #expect(try await get("ns/store/v1").status.volumeCondition.abnormal)
    a.stop()
    let lost = try await get("ns/store/v1")
    #expect(lost.status.volumeCondition.abnormal && lost.status.volumeCondition.message.contains("node a"))
  }

  @Test("[Error] a volume that no store has", arguments: ["ns/store/v9", "ns/gone/v1", "fake-vol-id", "a/b"])
  func unknown(id: String) async throws {
    let error = await #expect(throws: RPCError.self) { try await get(id) }
    #expect(error?.code == .notFound)
  }

  @Test("capacity is what the nodes can give, of which a volume gets no more than one has")
  func capacity() async throws {
    func capacity(_ change: (inout Csi_V1_GetCapacityRequest) -> Void = { _ in }) async throws -> [Int64] {
      let answer = try await world.call(ControllerService.getCapacity, .with(change))
      return [answer.availableCapacity, answer.maximumVolumeSize.value]
    }
    let size = Int64(try a.client().list().capacity.limit)
    #expect(try await capacity() == [2 * size, size])
    try await world.create("v1") {
      $0.capacityRange.requiredBytes = 16 << 20
      $0.accessibilityRequirements = .nodes(requisite: ["b"])
    }
    let left = size - (16 << 20)
    #expect(try await capacity { $0.accessibleTopology = NodeTopology.topology("b") } == [left, left])
    #expect(try await capacity { $0.accessibleTopology = NodeTopology.topology("a") } == [size, size])
    #expect(try await capacity { $0.accessibleTopology = NodeTopology.topology("elsewhere") } == [0, 0])
    #expect(try await capacity { $0.accessibleTopology.segments = ["zone": "z"] } == [0, 0])
    #expect(try await capacity { $0.volumeCapabilities = [.with { $0.block = .init() }] } == [0, 0])
    #expect(try await capacity { $0.parameters = Csi_V1_CreateVolumeRequest.sample().parameters }.last == size)
    a.isReady.withLock { $0 = false }
    #expect(try await capacity { $0.accessibleTopology = NodeTopology.topology("a") } == [0, 0])
  }

  @Test("a volume as large as the capacity says fits, and one byte more doesn't")
  func largest() async throws {
    let answer = try await world.call(
      ControllerService.getCapacity, .with { $0.accessibleTopology = NodeTopology.topology("a") })
    let size = answer.maximumVolumeSize.value
    func create(_ bytes: Int64) async throws {
      try await world.create("v-\(bytes)") {
        $0.capacityRange.requiredBytes = bytes
        $0.accessibilityRequirements = .nodes(requisite: ["a"])
      }
    }
    let error = await #expect(throws: RPCError.self) { try await create(size + 1) }
    #expect(error?.code == .resourceExhausted)
    try await create(size)
  }
}
