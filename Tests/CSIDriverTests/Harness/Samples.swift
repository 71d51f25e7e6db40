import CSIProtocol
import GRPCCore
import StoreClient
import StoreProtocol
import SwiftProtobuf
import Testing

@testable import CSIDriver

let gibibyte: Int64 = 1 << 30

extension ClusterName {
  static func sample(_ name: String = "store") throws -> ClusterName {
    try #require(ClusterName(namespace: "ns", name: name))
  }
}

extension Csi_V1_VolumeCapability {
  static func mount(_ mode: AccessMode.Mode = .singleNodeWriter) -> Csi_V1_VolumeCapability {
    .with {
      $0.mount = .init()
      $0.accessMode.mode = mode
    }
  }
}

extension Csi_V1_CreateVolumeRequest {
  /// What the provisioner sends for a claim of 1 GiB, with some changes.
  static func sample(
    _ name: String = "pvc-1", _ change: (inout Csi_V1_CreateVolumeRequest) -> Void = { _ in }
  ) -> Csi_V1_CreateVolumeRequest {
    var request = Csi_V1_CreateVolumeRequest.with {
      $0.name = name
      $0.volumeCapabilities = [.mount()]
      $0.capacityRange.requiredBytes = gibibyte
      $0.parameters = [
        "k8s.v6d.io/vineyard/namespace": "ns", "k8s.v6d.io/vineyard/name": "store",
        "csi.storage.k8s.io/pvc/name": "data",
      ]
    }
    change(&request)
    return request
  }
}

extension Csi_V1_TopologyRequirement {
  static func nodes(requisite: [String] = [], preferred: [String] = []) -> Csi_V1_TopologyRequirement {
    .with {
      $0.requisite = requisite.map(NodeTopology.topology)
      $0.preferred = preferred.map(NodeTopology.topology)
    }
  }
}

extension StoreEndpoint {
  static func sample(_ node: String, isReady: Bool = true) throws -> StoreEndpoint {
    StoreEndpoint(
      cluster: try .sample(), node: node, address: .network(host: "10.0.0.1", port: 9600), isReady: isReady)
  }
}

extension VolumeRecord {
  /// The record of a volume that was made with some parameters.
  init(_ parameters: CreateVolumeParameters) {
    let request = parameters.settings()
    self.init(id: request.id)
    scope = request.scope
    onDelete = request.onDelete
    quota = request.quota
    attributes = request.attributes
    source = request.source?.id
    overwrite = request.overwrite
    deletedMemory = request.deletedMemory
  }
}

extension VolumeSettings {
  /// Settings of a volume as the original has it.
  static func sharing(_ id: String) -> VolumeSettings {
    var settings = VolumeSettings(id: id)
    settings.scope = .cluster
    settings.onDelete = .retain
    return settings
  }
}

/// A change to a request, with a name for the test's report.
struct RequestChange: Sendable, CustomTestStringConvertible {
  let testDescription: String
  /// The status that it leads to.
  let code: RPCError.Code
  let change: @Sendable (inout Csi_V1_CreateVolumeRequest) -> Void

  init(
    _ what: String, _ code: RPCError.Code = .invalidArgument,
    _ change: @escaping @Sendable (inout Csi_V1_CreateVolumeRequest) -> Void
  ) {
    testDescription = what
    self.code = code
    self.change = change
  }
}
