import CSIProtocol
import StoreClient
import StoreProtocol
import SwiftProtobuf
import Testing

@testable import CSIDriver

@Suite("What callers are told of a volume")
struct AnswerTests {
  @Test("is its id, size, node, and a context that leads the node half to the same settings")
  func volume() throws {
    let wanted = try CreateVolumeParameters(.sample { $0.parameters["onDelete"] = "retain" })
    let volume = Csi_V1_Volume(VolumeRecord(wanted), in: try .sample("a"))
    #expect(volume.volumeID == wanted.handle.description)
    #expect(volume.capacityBytes == gibibyte)
    #expect(volume.accessibleTopology.map(\.segments) == [["csi.vineyard.v6d.io/node": "a"]])
    #expect(!volume.hasContentSource)
    let settings = try VolumeParameters(volume.volumeContext)
    #expect(settings.scope == .volume && settings.onDelete == .retain && settings.quota == .bytes(UInt64(gibibyte)))
    #expect(settings.cluster == wanted.parameters.cluster)
    #expect(volume.volumeContext["csi.storage.k8s.io/pvc/name"] == "data")
    #expect(!volume.volumeContext.keys.contains(CreateVolumeParameters.sourceKindAttribute))
  }

  @Test("has size 0 and quota none without a limit")
  func unlimited() throws {
    let volume = Csi_V1_Volume(
      VolumeRecord(try CreateVolumeParameters(.sample { $0.clearCapacityRange() })), in: try .sample("a"))
    #expect(volume.capacityBytes == 0)
    #expect(volume.volumeContext["quota"] == "none")
  }

  @Test("has the source it was asked for")
  func source() throws {
    let snapshot = Csi_V1_VolumeContentSource.with { $0.snapshot.snapshotID = "ns/store/snap-1" }
    let clone = Csi_V1_VolumeContentSource.with { $0.volume.volumeID = "ns/store/pvc-2" }
    for source in [snapshot, clone] {
      let record = VolumeRecord(try CreateVolumeParameters(.sample { $0.volumeContentSource = source }))
      #expect(Csi_V1_Volume(record, in: try .sample("a")).contentSource == source)
    }
  }

  @Test("has the plain id for inline volumes and those of the original")
  func plainIDs() throws {
    let cluster = try ClusterName.sample()
    var inline = VolumeRecord(id: "csi-1a2b")
    inline.isEphemeral = true
    #expect(VolumeHandle.id(of: inline, in: cluster) == "csi-1a2b")
    let uuid = "0f7e1c52-7a3a-11ee-b962-0242ac120002"
    #expect(VolumeHandle.id(of: VolumeRecord(id: uuid), in: cluster) == uuid)
    #expect(VolumeHandle.id(of: VolumeRecord(id: "pvc-\(uuid)"), in: cluster) == "ns/store/pvc-\(uuid)")
  }

  @Test("has a condition with a text, good or bad")
  func condition() {
    var record = VolumeRecord(id: "pvc-1")
    record.used = 3 << 20
    record.quota = 1 << 30
    #expect(!Csi_V1_VolumeCondition(record).abnormal)
    #expect(Csi_V1_VolumeCondition(record).message.contains("3 MiB of 1 GiB"))
    record.condition = VolumeCondition(isAbnormal: true, message: "nearly full")
    #expect(Csi_V1_VolumeCondition(record).abnormal)
    #expect(Csi_V1_VolumeCondition(record).message == "nearly full")
  }

  @Test("of a snapshot is what it holds, since when and of which volume")
  func snapshot() throws {
    var record = VolumeRecord(id: "snap-1", kind: .snapshot)
    record.source = "pvc-1"
    record.used = 42
    record.created = 1_700_000_000_250
    let snapshot = Csi_V1_Snapshot(record, in: try .sample())
    #expect(snapshot.snapshotID == "ns/store/snap-1" && snapshot.sourceVolumeID == "ns/store/pvc-1")
    #expect(snapshot.sizeBytes == 42 && snapshot.readyToUse)
    #expect(snapshot.creationTime.seconds == 1_700_000_000 && snapshot.creationTime.nanos == 250_000_000)
  }
}
