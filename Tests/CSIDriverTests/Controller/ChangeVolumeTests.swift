import CSIProtocol
import GRPCCore
import StoreClient
import StoreProtocol
import SwiftProtobuf
import Testing

@testable import CSIDriver

@Suite("Changes of a volume, and whether it can be used")
struct ChangeVolumeTests {
  private let a: StoreNode
  private let world: ControllerWorld
  private static let original = "0f7e1c52-7a3a-11ee-b962-0242ac120002"

  /// Volume pvc-1 of 8 MiB.
  init() async throws {
    a = try StoreNode("a")
    world = ControllerWorld(a)
    try await world.create { $0.capacityRange.requiredBytes = 8 << 20 }
  }

  private func expand(
    _ bytes: Int64, limit: Int64 = 0, _ id: String = "ns/store/pvc-1"
  ) async throws -> Csi_V1_ControllerExpandVolumeResponse {
    try await world.call(
      world.controller(OriginalVolumes(volumes: [.init(id: Self.original, name: "pvc-0", size: 1)])),
      ControllerService.controllerExpandVolume,
      .with {
        $0.volumeID = id
        $0.capacityRange.requiredBytes = bytes
        $0.capacityRange.limitBytes = limit
      })
  }

  @Test("expansion takes effect at once and needs nothing from the node")
  func expansion() async throws {
    let answer = try await expand(16 << 20)
    #expect(answer.capacityBytes == 16 << 20 && !answer.nodeExpansionRequired)
    #expect(try a.client().inspect("pvc-1")?.quota == 16 << 20)
  }

  @Test("expansion to less than there is changes nothing", arguments: [1, 4 << 20, 8 << 20] as [Int64])
  func smaller(bytes: Int64) async throws {
    #expect(try await expand(bytes).capacityBytes == 8 << 20)
  }

  @Test("volumes without a limit have the room already")
  func unlimited() async throws {
    try await world.create("pvc-2") { $0.clearCapacityRange() }
    #expect(try await expand(1 << 30, "ns/store/pvc-2").capacityBytes == 1 << 30)
    #expect(try a.client().inspect("pvc-2")?.quota == 0)
    #expect(try await expand(1 << 30, Self.original).capacityBytes == 1 << 30)
  }

  @Test("[Error] more than there is room for now, and more than there ever is")
  func tooLarge() async throws {
    try await world.create("pvc-2") { $0.capacityRange.requiredBytes = 40 << 20 }
    let full = await #expect(throws: RPCError.self) { try await expand(32 << 20) }
    #expect(full?.code == .resourceExhausted)
    let never = await #expect(throws: RPCError.self) { try await expand(1 << 40) }
    #expect(never?.code == .outOfRange)
    let limited = await #expect(throws: RPCError.self) { try await expand(1, limit: 4 << 20) }
    #expect(limited?.code == .outOfRange)
  }

  @Test("[Error] expansion of an unknown volume, or without a range")
  func invalid() async throws {
    let unknown = await #expect(throws: RPCError.self) { try await expand(16 << 20, "ns/store/pvc-9") }
    #expect(unknown?.code == .notFound)
    for request in [
      Csi_V1_ControllerExpandVolumeRequest.with { $0.capacityRange.requiredBytes = 1 },
      .with { $0.volumeID = "ns/store/pvc-1" },
      .with {
        $0.volumeID = "ns/store/pvc-1"
        $0.capacityRange.requiredBytes = 1
        $0.volumeCapability.block = .init()
      },
    ] {
      let error = await #expect(throws: RPCError.self) {
        try await world.call(ControllerService.controllerExpandVolume, request)
      }
      #expect(error?.code == .invalidArgument)
    }
  }

  @Test("a volume that was expanded is still the one that was made")
  func repeatedAfterExpansion() async throws {
    _ = try await expand(16 << 20)
    let volume = try await world.create { $0.capacityRange.requiredBytes = 8 << 20 }
    #expect(volume.capacityBytes == 16 << 20)
  }

  @Test("a VolumeAttributesClass changes what it names, and nothing else, however often it is applied")
  func modified() async throws {
    func record(_ parameters: [String: String]) async throws -> VolumeRecord? {
      for _ in 0..<2 {
        _ = try await world.call(
          ControllerService.controllerModifyVolume,
          .with {
            $0.volumeID = "ns/store/pvc-1"
            $0.mutableParameters = parameters
          })
      }
      return try a.client().inspect("pvc-1")
    }
    var expected = try #require(try a.client().inspect("pvc-1"))
    #expect(try await record([:]) == expected)
    expected.onDelete = .retain
    #expect(try await record(["ondelete": "retain"]) == expected)
    expected.quota = 16 << 20
    #expect(try await record(["quota": "16Mi"]) == expected)
    expected.quota = 0
    expected.isFrozen = true
    #expect(try await record(["quota": "none", "readOnly": "true"]) == expected)
    expected.isFrozen = false
    expected.onDelete = .delete
    #expect(try await record(["readOnly": "false", "onDelete": "delete"]) == expected)
  }

  @Test("[Error] a modification of an unknown volume, or of what cannot be changed")
  func modification() async throws {
    func code(_ id: String, _ parameters: [String: String]) async -> RPCError.Code? {
      let error = await #expect(throws: RPCError.self) {
        try await world.call(
          ControllerService.controllerModifyVolume,
          .with {
            $0.volumeID = id
            $0.mutableParameters = parameters
          })
      }
      return error?.code
    }
    #expect(await code("", [:]) == .invalidArgument)
    #expect(await code("ns/store/pvc-9", ["readOnly": "true"]) == .notFound)
    for parameters in [["scope": "cluster"], ["quota": "request"], ["quota": ""], ["onDelete": ""], ["readOnly": "1"]] {
      #expect(await code("ns/store/pvc-1", parameters) == .invalidArgument)
    }
    #expect(await code("ns/store/pvc-1", ["quota": "1Ti", "onDelete": "retain"]) == .resourceExhausted)
    #expect(try a.client().inspect("pvc-1")?.onDelete == .delete)
  }

  private func validate(
    _ id: String = "ns/store/pvc-1", _ change: (inout Csi_V1_ValidateVolumeCapabilitiesRequest) -> Void = { _ in }
  ) async throws -> Csi_V1_ValidateVolumeCapabilitiesResponse {
    try await world.call(
      ControllerService.validateVolumeCapabilities,
      .with {
        $0.volumeID = id
        $0.volumeCapabilities = [.mount(.multiNodeMultiWriter), .mount()]
        change(&$0)
      })
  }

  @Test("what a volume can do is confirmed in the words of the request")
  func confirmed() async throws {
    let context = try await world.create { $0.capacityRange.requiredBytes = 8 << 20 }.volumeContext
    let parameters = Csi_V1_CreateVolumeRequest.sample().parameters
    let answer = try await validate {
      $0.volumeContext = context
      $0.parameters = parameters
    }
    #expect(answer.hasConfirmed && answer.message.isEmpty)
    #expect(answer.confirmed.volumeCapabilities == [.mount(.multiNodeMultiWriter), .mount()])
    #expect(answer.confirmed.volumeContext == context && answer.confirmed.parameters == parameters)
  }

  @Test("what a volume cannot do is not confirmed, with a reason")
  func unconfirmed() async throws {
    let changes: [(inout Csi_V1_ValidateVolumeCapabilitiesRequest) -> Void] = [
      { $0.volumeCapabilities.append(.with { $0.block = .init() }) },
      { $0.volumeCapabilities[0].accessMode.mode = .unknown },
      { $0.parameters = ["nonsense": "1"] },
      { $0.mutableParameters = ["scope": "volume"] },
      { $0.parameters = Csi_V1_CreateVolumeRequest.sample().parameters.merging(["scope": "cluster"]) { $1 } },
      { $0.parameters = Csi_V1_CreateVolumeRequest.sample().parameters.merging(["onDelete": "retain"]) { $1 } },
    ]
    for change in changes {
      let answer = try await validate("ns/store/pvc-1", change)
      #expect(!answer.hasConfirmed && !answer.message.isEmpty)
    }
  }

  @Test("volumes of the original are known by the cluster in their context")
  func originalContext() async throws {
    let context = [
      "k8s.v6d.io/vineyard/namespace": "ns", "k8s.v6d.io/vineyard/name": "store", "volume_id": Self.original,
    ]
    #expect(try await validate(Self.original) { $0.volumeContext = context }.hasConfirmed)
    let error = await #expect(throws: RPCError.self) { try await validate(Self.original) }
    #expect(error?.code == .notFound)
  }

  @Test("attachments of the original are answered")
  func publish() async throws {
    func publish(_ id: String, node: String = "a", _ capability: Csi_V1_VolumeCapability? = .mount()) async throws {
      let request = Csi_V1_ControllerPublishVolumeRequest.with {
        $0.volumeID = id
        $0.nodeID = node
        if let capability { $0.volumeCapability = capability }
      }
      let answer = try await world.call(ControllerService.controllerPublishVolume, request)
      #expect(answer.publishContext.isEmpty)
    }
    try await publish(Self.original)
    _ = try await world.call(ControllerService.controllerUnpublishVolume, .with { $0.volumeID = Self.original })
    for (id, node, capability) in [("", "a", .mount()), (Self.original, "", .mount()), (Self.original, "a", nil)]
      as [(String, String, Csi_V1_VolumeCapability?)]
    {
      let error = await #expect(throws: RPCError.self) { try await publish(id, node: node, capability) }
      #expect(error?.code == .invalidArgument)
    }
    let error = await #expect(throws: RPCError.self) { try await publish("a/b") }
    #expect(error?.code == .notFound)
  }
}
