import CSIProtocol
import GRPCCore
import StoreClient
import StoreProtocol
import SwiftProtobuf
import Testing

@testable import CSIDriver

@Suite("A request for a volume")
struct CreateVolumeParametersTests {
  @Test("becomes the same id and the same request to the store each time")
  func deterministic() throws {
    let (first, second) = (try CreateVolumeParameters(.sample()), try CreateVolumeParameters(.sample()))
    #expect(first.handle.description == "ns/store/pvc-1")
    #expect(first.handle == second.handle)
    #expect(first.settings() == second.settings())
    #expect(first.settings().attributes == ["csi.storage.k8s.io/pvc/name": "data"])
  }

  @Test("with a UUID for a name becomes an id that none of the original's volumes has")
  func uuid() throws {
    let wanted = try CreateVolumeParameters(.sample("0f7e1c52-7a3a-11ee-b962-0242ac120002"))
    #expect(!VolumeHandle.isUUID(wanted.handle.name))
    #expect(VolumeHandle.isUUID("0f7e1c52-7a3a-11ee-b962-0242ac120002"))
    #expect(!VolumeHandle.isUUID("0f7e1c52-7a3a-11ee-b962-0242ac12000g"))
  }

  @Test(
    "[Error] arguments that make no volume",
    arguments: [
      RequestChange("name missing") { $0.name = "" },
      RequestChange("volume_capabilities missing") { $0.volumeCapabilities = [] },
      RequestChange("block volume") { $0.volumeCapabilities[0].block = .init() },
      RequestChange("access type missing") { $0.volumeCapabilities[0].accessType = nil },
      RequestChange("access mode missing") { $0.volumeCapabilities[0].accessMode.mode = .unknown },
      RequestChange("access mode unknown") { $0.volumeCapabilities[0].accessMode.mode = .UNRECOGNIZED(99) },
      RequestChange("one capability of several") { $0.volumeCapabilities.append(.init()) },
      RequestChange("cluster missing") { $0.parameters["k8s.v6d.io/vineyard/name"] = nil },
      RequestChange("cluster outside") { $0.parameters["k8s.v6d.io/vineyard/name"] = "../etc" },
      RequestChange("unknown parameter") { $0.parameters["qouta"] = "1Gi" },
      RequestChange("unknown mutable parameter") { $0.mutableParameters = ["scope": "volume"] },
      RequestChange("malformed mutable parameter") { $0.mutableParameters = ["readOnly": "maybe"] },
      RequestChange("source without a kind") { $0.volumeContentSource = .init() },
      RequestChange("source without an id") { $0.volumeContentSource.snapshot = .init() },
      RequestChange("source in another cluster") { $0.volumeContentSource.volume.volumeID = "ns/other/pvc-2" },
      RequestChange("source that cannot be", .notFound) { $0.volumeContentSource.volume.volumeID = "a/b" },
    ])
  func invalid(change: RequestChange) {
    let error = #expect(throws: RPCError.self) { try CreateVolumeParameters(.sample("pvc-1", change.change)) }
    #expect(error?.code == change.code)
  }

  @Test(
    "in every access mode is a request for a volume",
    arguments: [
      .singleNodeWriter, .singleNodeReaderOnly, .multiNodeReaderOnly, .multiNodeSingleWriter, .multiNodeMultiWriter,
      .singleNodeSingleWriter, .singleNodeMultiWriter,
    ] as [Csi_V1_VolumeCapability.AccessMode.Mode])
  func modes(mode: Csi_V1_VolumeCapability.AccessMode.Mode) throws {
    _ = try CreateVolumeParameters(.sample { $0.volumeCapabilities = [.mount(mode)] })
  }
}

@Suite("A request for a volume that exists")
struct RepeatedRequestTests {
  private static let snapshot = Csi_V1_VolumeContentSource.with { $0.snapshot.snapshotID = "ns/store/snap-1" }

  @Test("finds the same volume, also when it has been expanded since")
  func same() throws {
    let wanted = try CreateVolumeParameters(.sample { $0.volumeContentSource = Self.snapshot })
    var record = VolumeRecord(wanted)
    #expect(wanted.difference(from: record, on: "a") == nil)
    record.quota *= 2
    #expect(wanted.difference(from: record, on: "a") == nil)
  }

  @Test("without a size finds the volume without a limit")
  func unlimited() throws {
    let wanted = try CreateVolumeParameters(.sample { $0.clearCapacityRange() })
    #expect(wanted.difference(from: VolumeRecord(wanted), on: "a") == nil)
  }

  @Test(
    "[Error] already existing name and different arguments",
    arguments: [
      RequestChange("larger", .alreadyExists) { $0.capacityRange.requiredBytes = 2 * gibibyte },
      RequestChange("limited to less", .alreadyExists) { $0.capacityRange = .with { $0.limitBytes = gibibyte - 1 } },
      RequestChange("no size", .alreadyExists) { $0.clearCapacityRange() },
      RequestChange("quota none", .alreadyExists) { $0.parameters["quota"] = "none" },
      RequestChange("scope", .alreadyExists) { $0.parameters["scope"] = "cluster" },
      RequestChange("onDelete", .alreadyExists) { $0.parameters["onDelete"] = "retain" },
      RequestChange("overwrite", .alreadyExists) { $0.parameters["overwrite"] = "keep" },
      RequestChange("deletedMemory", .alreadyExists) { $0.parameters["deletedMemory"] = "reuse" },
      RequestChange("a source", .alreadyExists) { $0.volumeContentSource = snapshot },
      RequestChange("another node", .alreadyExists) { $0.accessibilityRequirements = .nodes(requisite: ["b"]) },
    ])
  func different(change: RequestChange) throws {
    let record = VolumeRecord(try CreateVolumeParameters(.sample()))
    #expect(try CreateVolumeParameters(.sample("pvc-1", change.change)).difference(from: record, on: "a") != nil)
  }

  @Test("[Error] the source is a volume with the snapshot's name")
  func kindOfSource() throws {
    let record = VolumeRecord(try CreateVolumeParameters(.sample { $0.volumeContentSource = Self.snapshot }))
    let wanted = try CreateVolumeParameters(.sample { $0.volumeContentSource.volume.volumeID = "ns/store/snap-1" })
    #expect(wanted.difference(from: record, on: "a") != nil)
  }
}
