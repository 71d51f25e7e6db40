import CSIProtocol
import GRPCCore
import StoreClient
import StoreProtocol
import SwiftProtobuf
import Testing

@testable import CSIDriver

@Suite("Snapshots and clones")
struct SnapshotTests {
  let (a, b): (StoreNode, StoreNode)
  let world: ControllerWorld

  /// Volume pvc-1 on node b, with 4 MiB in it.
  init() async throws {
    (a, b) = (try StoreNode("a"), try StoreNode("b"))
    world = ControllerWorld(a, b)
    try await world.create {
      $0.capacityRange.requiredBytes = 16 << 20
      $0.accessibilityRequirements = .nodes(requisite: ["b"])
    }
    try b.write(4 << 20, to: "pvc-1")
  }

  private func snapshot(_ name: String, of volume: String = "ns/store/pvc-1") async throws -> Csi_V1_Snapshot {
    try await world.call(
      ControllerService.createSnapshot,
      .with {
        $0.name = name
        $0.sourceVolumeID = volume
        $0.parameters = ["csi.storage.k8s.io/volumesnapshot/name": "snap"]
      }
    ).snapshot
  }

  private func copy(
    of source: Csi_V1_VolumeContentSource, _ change: @escaping (inout Csi_V1_CreateVolumeRequest) -> Void = { _ in }
  ) async throws -> Csi_V1_Volume {
    try await world.create("pvc-2") {
      $0.capacityRange.requiredBytes = 16 << 20
      $0.volumeContentSource = source
      change(&$0)
    }
  }

  private func code(_ body: () async throws -> Void) async -> RPCError.Code? {
    do { try await body() } catch { return (error as? RPCError)?.code }
    return nil
  }

  private static let clone = Csi_V1_VolumeContentSource.with { $0.volume.volumeID = "ns/store/pvc-1" }

  private static func restore(_ snapshot: String) -> Csi_V1_VolumeContentSource {
    .with { $0.snapshot.snapshotID = snapshot }
  }

  @Test("a snapshot is made on the node of its volume, once, and is found again")
  func snapshot() async throws {
    let snapshot = try await snapshot("snapshot-1")
    #expect(snapshot.snapshotID == "ns/store/snap-snapshot-1" && snapshot.sourceVolumeID == "ns/store/pvc-1")
    #expect(snapshot.readyToUse && snapshot.sizeBytes >= 4 << 20 && snapshot.creationTime.seconds > 0)
    #expect(try await self.snapshot("snapshot-1") == snapshot)
    #expect(try b.volumes().filter { $0.kind == .snapshot }.map(\.id) == ["snap-snapshot-1"])
    let found = try await world.call(ControllerService.getSnapshot, .with { $0.snapshotID = snapshot.snapshotID })
    #expect(found.snapshot == snapshot)
  }

  @Test("what is made of a volume or a snapshot is on its node and shares its bytes")
  func copies() async throws {
    let snapshot = try await snapshot("snapshot-1")
    let used = try b.client().list().capacity.used
    let restored = try await copy(of: Self.restore(snapshot.snapshotID))
    #expect(restored.nodes == ["b"] && restored.contentSource == Self.restore(snapshot.snapshotID))
    #expect(try await copy(of: Self.restore(snapshot.snapshotID)) == restored)
    let (source, record) = (try b.client().inspect("pvc-1"), try b.client().inspect("pvc-2"))
    #expect(record?.used == source?.used && record?.objects == source?.objects)
    #expect(try b.client().list().capacity.used == used)
    try await world.delete("ns/store/pvc-2")
    #expect(try await copy(of: Self.clone).contentSource == Self.clone)
  }

  @Test("a snapshot outlives its volume, and a copy outlives both")
  func lives() async throws {
    let snapshot = try await snapshot("snapshot-1")
    try await world.delete("ns/store/pvc-1")
    _ = try await copy(of: Self.restore(snapshot.snapshotID))
    for _ in 0..<2 {
      _ = try await world.call(ControllerService.deleteSnapshot, .with { $0.snapshotID = snapshot.snapshotID })
    }
    #expect(try b.volumes().map(\.id) == ["pvc-2"])
    #expect(try #require(try b.client().inspect("pvc-2")).used >= 4 << 20)
    try await world.delete("ns/store/pvc-2")
    #expect(try b.client().list().capacity.used == 0)
  }

  @Test("[Error] the name is that of a snapshot of another volume")
  func otherSource() async throws {
    _ = try await snapshot("snapshot-1")
    try await world.create("pvc-3") {
      $0.capacityRange.requiredBytes = 2 << 20
      $0.accessibilityRequirements = .nodes(requisite: ["a"])
    }
    #expect(await code { _ = try await snapshot("snapshot-1", of: "ns/store/pvc-3") } == .alreadyExists)
  }

  @Test(
    "[Error] the source volume is unknown",
    arguments: ["ns/store/pvc-9", "ns/gone/pvc-1", "fake-vol-id", "a/b"])
  func unknownVolume(id: String) async throws {
    #expect(await code { _ = try await snapshot("snapshot-1", of: id) } == .notFound)
  }

  @Test("[Error] objects of scope 'cluster' belong to everybody and are not copied")
  func sharedScope() async throws {
    try await world.create("pvc-4") {
      $0.capacityRange.requiredBytes = 2 << 20
      $0.parameters["scope"] = "cluster"
    }
    #expect(await code { _ = try await snapshot("snapshot-1", of: "ns/store/pvc-4") } == .invalidArgument)
    let source = Csi_V1_VolumeContentSource.with { $0.volume.volumeID = "ns/store/pvc-4" }
    #expect(await code { _ = try await copy(of: source) } == .invalidArgument)
  }

  @Test("[Error] the source of a volume is unknown")
  func unknownSource() async throws {
    let volume = Csi_V1_VolumeContentSource.with { $0.volume.volumeID = "ns/store/pvc-9" }
    #expect(await code { _ = try await copy(of: volume) } == .notFound)
    #expect(await code { _ = try await copy(of: Self.restore("non-existing-snapshot-id")) } == .notFound)
    #expect(await code { _ = try await copy(of: Self.restore("ns/store/pvc-1")) } == .notFound)
  }

  @Test("[Error] the copy is smaller than what it is made of")
  func tooSmall() async throws {
    #expect(
      await code { _ = try await copy(of: Self.clone) { $0.capacityRange.requiredBytes = 2 << 20 } } == .outOfRange)
  }

  @Test("a copy is where its source is, also when another node was chosen for the pod: Kubernetes then chooses again")
  func otherNode() async throws {
    for _ in 0..<2 {
      let made = try await copy(of: Self.clone) {
        $0.accessibilityRequirements = .nodes(requisite: ["a"], preferred: ["a"])
      }
      #expect(made.nodes == ["b"])
    }
    let later = try await copy(of: Self.clone) { $0.accessibilityRequirements = .nodes(requisite: ["b"]) }
    #expect(later.nodes == ["b"])
  }

  @Test("[Error] the copy must be on one of several nodes, none of which has its source")
  func otherNodes() async throws {
    let code = await code {
      _ = try await copy(of: Self.clone) { $0.accessibilityRequirements = .nodes(requisite: ["a", "c"]) }
    }
    #expect(code == .resourceExhausted)
  }

  @Test("[Error] the node of the source doesn't answer")
  func silentSource() async throws {
    b.stop()
    #expect(await code { _ = try await copy(of: Self.clone) } == .unavailable)
    #expect(await code { _ = try await snapshot("snapshot-1") } == .unavailable)
    let get = await code {
      _ = try await world.call(ControllerService.getSnapshot, .with { $0.snapshotID = "ns/store/snap-snapshot-1" })
    }
    #expect(get == .unavailable)
  }

  @Test("lists are filtered by snapshot, by volume, and come in parts")
  func lists() async throws {
    try await world.create("pvc-3") { $0.capacityRange.requiredBytes = 2 << 20 }
    let ids = [
      try await snapshot("s1").snapshotID, try await snapshot("s2").snapshotID,
      try await snapshot("s3", of: "ns/store/pvc-3").snapshotID,
    ]
    func list(_ change: (inout Csi_V1_ListSnapshotsRequest) -> Void) async throws -> Csi_V1_ListSnapshotsResponse {
      try await world.call(ControllerService.listSnapshots, .with(change))
    }
    func found(_ change: (inout Csi_V1_ListSnapshotsRequest) -> Void) async throws -> [String] {
      try await list(change).entries.map(\.snapshot.snapshotID)
    }
    #expect(try await found { _ in } == ids)
    #expect(try await found { $0.snapshotID = ids[1] } == [ids[1]])
    #expect(try await found { $0.sourceVolumeID = "ns/store/pvc-1" } == Array(ids[..<2]))
    #expect(try await found { $0.snapshotID = "none-exist-id" }.isEmpty)
    #expect(try await found { $0.sourceVolumeID = "ns/store/pvc-9" }.isEmpty)
    let first = try await list { $0.maxEntries = 2 }
    #expect(first.entries.count == 2)
    #expect(try await found { $0.startingToken = first.nextToken } == [ids[2]])
    #expect(await code { _ = try await list { $0.startingToken = "invalid-token" } } == .aborted)
  }
}
