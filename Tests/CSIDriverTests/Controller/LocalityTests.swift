import CSIProtocol
import GRPCCore
import KubernetesObjects
import StoreProtocol
import SwiftProtobuf
import Synchronization
import Testing

@testable import CSIDriver

private let mebibyte: Int64 = 1 << 20
private let label = "csi.vineyard.v6d.io/store-ns.store"

extension Csi_V1_CreateVolumeRequest {
  /// A claim that pods on several nodes may use.
  fileprivate mutating func share(_ bytes: Int64 = 8 * mebibyte, _ mode: Csi_V1_VolumeCapability.AccessMode.Mode) {
    capacityRange.requiredBytes = bytes
    volumeCapabilities = [.mount(mode)]
  }

  fileprivate mutating func share(_ bytes: Int64 = 8 * mebibyte) { share(bytes, .multiNodeMultiWriter) }
}

@Suite("Locality of volumes, with stores that share metadata")
struct LocalityTests {
  let shared = SharedVolumes()
  let a: SharedStore
  let b: SharedStore
  let world: ControllerWorld

  init() throws {
    a = try SharedStore("a", shared)
    b = try SharedStore("b", shared)
    world = ControllerWorld(a, b)
  }

  @Test(
    "a claim for several nodes is accessible by the label of its cluster, whichever node the first pod has",
    arguments: [.multiNodeMultiWriter, .multiNodeReaderOnly, .multiNodeSingleWriter]
      as [Csi_V1_VolumeCapability.AccessMode.Mode])
  func cluster(mode: Csi_V1_VolumeCapability.AccessMode.Mode) async throws {
    let volume = try await world.create {
      $0.share(8 * mebibyte, mode)
      $0.accessibilityRequirements = .nodes(requisite: ["b"], preferred: ["b"])
    }
    #expect(volume.accessibleTopology.map(\.segments) == [[label: "true"]])
    #expect(volume.volumeContext["locality"] == "cluster")
    #expect(shared.nodes("pvc-1") == ["b"])
  }

  @Test("a claim whose modes are all for one node is on one, as with stores that share nothing")
  func pinned() async throws {
    for locality in [nil, "cluster"] as [String?] {
      let volume = try await world.create("pvc-\(locality ?? "default")") {
        $0.volumeCapabilities = [.mount(.singleNodeMultiWriter), .mount(.singleNodeReaderOnly)]
        $0.capacityRange.requiredBytes = mebibyte * 2
        $0.parameters["locality"] = locality
        $0.accessibilityRequirements = .nodes(requisite: ["b"])
      }
      #expect(volume.nodes == ["b"] && volume.volumeContext["locality"] == nil)
    }
  }

  @Test("parameter locality node keeps a claim for several nodes on one")
  func node() async throws {
    let volume = try await world.create {
      $0.share()
      $0.parameters["locality"] = "NODE"
      $0.accessibilityRequirements = .nodes(requisite: ["a"])
    }
    #expect(volume.nodes == ["a"])
  }

  @Test("the same claim is found again, from whatever node, and is not taken for one of one node")
  func repeated() async throws {
    func create(_ node: String, _ locality: String? = nil) async throws -> Csi_V1_Volume {
      try await world.create {
        $0.share()
        $0.parameters["locality"] = locality
        $0.accessibilityRequirements = .nodes(requisite: [node])
      }
    }
    let first = try await create("a")
    #expect(try await create("b") == first)
    #expect(try await create("b", "cluster") == first)
    let error = await #expect(throws: RPCError.self) { try await create("a", "node") }
    #expect(error?.code == .alreadyExists && error?.message.contains("locality is 'cluster'") == true)
  }

  @Test("a volume that no store has alone fits into all together, and not if it is larger")
  func large() async throws {
    let wide = try await world.create("wide") {
      $0.share(96 * mebibyte)
      $0.accessibilityRequirements = .nodes(requisite: ["a"])
    }
    #expect(wide.capacityBytes == 96 * mebibyte)
    let error = await #expect(throws: RPCError.self) { try await world.create("wider") { $0.share(129 * mebibyte) } }
    #expect(error?.code == .resourceExhausted)
  }

  @Test("[Error] the selected node has no store: the pod must be placed anew, and nothing is made")
  func noStore() async throws {
    let error = await #expect(throws: RPCError.self) {
      try await world.create {
        $0.share()
        $0.accessibilityRequirements = .nodes(requisite: ["elsewhere"])
      }
    }
    #expect(error?.code == .resourceExhausted && error?.message.contains("node elsewhere: no store") == true)
    #expect(shared.names.isEmpty)
  }

  @Test("[Error] no node has the label yet, by which Kubernetes would find the volume")
  func unlabelled() async throws {
    world.isLabelled.withLock { $0 = false }
    let error = await #expect(throws: RPCError.self) { try await world.create { $0.share() } }
    #expect(error?.code == .unavailable && error?.message.contains(label) == true)
    #expect(shared.names.isEmpty)
    // What does not depend on it is made.
    #expect(try await world.create { $0.capacityRange.requiredBytes = mebibyte * 2 }.nodes.count == 1)
  }

  @Test("capacity of a node is that of all stores, and nothing without a store")
  func capacity() async throws {
    func capacity(_ node: String?, _ locality: String? = nil) async throws -> [Int64] {
      let answer = try await world.call(
        ControllerService.getCapacity,
        .with {
          $0.parameters = Csi_V1_CreateVolumeRequest.sample().parameters
          $0.parameters["locality"] = locality
          if let node { $0.accessibleTopology = NodeTopology.topology(node) }
        })
      return [answer.availableCapacity / mebibyte, answer.maximumVolumeSize.value / mebibyte]
    }
    #expect(try await capacity("a") == [128, 128])
    #expect(try await capacity(nil, "cluster") == [128, 128])
    #expect(try await capacity("a", "node") == [64, 64])
    #expect(try await capacity("elsewhere") == [0, 0])
    b.isReady.withLock { $0 = false }
    #expect(try await capacity("a") == [64, 64])
    #expect(try await capacity("b") == [0, 0])
  }

  @Test("a node that refused a claim for one node says for a while what it has itself, so that another one is chosen")
  func refusedClaim() async throws {
    let service = world.controller()
    func capacity(_ node: String) async throws -> Int64 {
      try await world.call(
        service, ControllerService.getCapacity,
        .with {
          $0.parameters = Csi_V1_CreateVolumeRequest.sample().parameters
          $0.accessibleTopology = NodeTopology.topology(node)
        }
      ).maximumVolumeSize.value / mebibyte
    }
    let error = await #expect(throws: RPCError.self) {
      _ = try await world.call(
        service, ControllerService.createVolume,
        .sample {
          $0.capacityRange.requiredBytes = 96 * mebibyte
          $0.accessibilityRequirements = .nodes(requisite: ["a"])
        })
    }
    #expect(error?.code == .resourceExhausted)
    #expect(try await capacity("a") == 64)
    #expect(try await capacity("b") == 128)
  }

  @Test("expanding and deleting reach the volume through any store")
  func change() async throws {
    try await world.create { $0.share() }
    let expanded = try await world.call(
      ControllerService.controllerExpandVolume,
      .with {
        $0.volumeID = "ns/store/pvc-1"
        $0.capacityRange.requiredBytes = 100 * mebibyte
      })
    #expect(expanded.capacityBytes == 100 * mebibyte)
    let error = await #expect(throws: RPCError.self) {
      try await world.call(
        ControllerService.controllerExpandVolume,
        .with {
          $0.volumeID = "ns/store/pvc-1"
          $0.capacityRange.requiredBytes = 200 * mebibyte
        })
    }
    #expect(error?.code == .outOfRange)
    let listed = try await world.call(ControllerService.listVolumes, .init()).entries
    #expect(listed.map(\.volume.accessibleTopology.first?.segments) == [[label: "true"]])
    try await world.delete("ns/store/pvc-1")
    #expect(shared.names.isEmpty)
  }

  @Test("a copy can be used where its source can, and on one node alone only if its source is")
  func copies() async throws {
    try await world.create("wide") { $0.share() }
    try await world.create("narrow") {
      $0.capacityRange.requiredBytes = 8 * mebibyte
      $0.accessibilityRequirements = .nodes(requisite: ["b"])
    }
    func copy(_ source: String, _ change: @escaping (inout Csi_V1_CreateVolumeRequest) -> Void) async throws -> String?
    {
      let volume = try await world.create("copy-of-\(source)") {
        $0.share()
        $0.volumeContentSource.volume.volumeID = "ns/store/\(source)"
        change(&$0)
      }
      return volume.accessibleTopology.first?.segments.keys.first
    }
    #expect(try await copy("wide") { $0.accessibilityRequirements = .nodes(requisite: ["a"]) } == label)
    #expect(try await copy("narrow") { _ in } == VolumeTopology.nodeKey)
    for (source, hint, change) in [
      ("wide", "ReadWriteMany", { $0.volumeCapabilities = [.mount(.singleNodeWriter)] }),
      ("narrow", "parameter locality 'cluster'", { $0.parameters["locality"] = "cluster" }),
    ] as [(String, String, (inout Csi_V1_CreateVolumeRequest) -> Void)] {
      try await world.delete("ns/store/copy-of-\(source)")
      let error = await #expect(throws: RPCError.self) { _ = try await copy(source, change) }
      #expect(error?.code == .invalidArgument && error?.message.contains(hint) == true)
    }
  }
}

@Suite("Locality of volumes, with a store that shares nothing")
struct UnsharedLocalityTests {
  let shared = SharedVolumes()

  @Test("one such store among others keeps claims for several nodes on one")
  func mixed() async throws {
    let world = ControllerWorld(try StoreNode("a"), try SharedStore("b", shared))
    let volume = try await world.create {
      $0.share()
      $0.accessibilityRequirements = .nodes(requisite: ["a"])
    }
    #expect(volume.nodes == ["a"] && volume.volumeContext["locality"] == nil)
  }

  @Test("[Error] parameter locality cluster names that store and says what to do")
  func explicit() async throws {
    let world = ControllerWorld(try StoreNode("a"), try SharedStore("b", shared))
    let error = await #expect(throws: RPCError.self) {
      try await world.create {
        $0.share()
        $0.parameters["locality"] = "cluster"
      }
    }
    #expect(error?.code == .invalidArgument)
    #expect(error?.message.contains("on node a shares nothing") == true && error?.message.contains("(hint: ") == true)
    #expect(shared.names.isEmpty)
  }

  @Test("[Error] a locality that is none, and one that an inline volume cannot have")
  func malformed() async throws {
    let parameters = Csi_V1_CreateVolumeRequest.sample().parameters
    for more in [["locality": "zone"], ["locality": "cluster", "csi.storage.k8s.io/ephemeral": "true"]] {
      let error = #expect(throws: RPCError.self) { try VolumeParameters(parameters.merging(more) { $1 }) }
      #expect(error?.code == .invalidArgument && error?.message.hasPrefix("locality") == true)
    }
  }
}
