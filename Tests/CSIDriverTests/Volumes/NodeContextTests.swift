import GRPCCore
import StoreClient
import StoreProtocol
import Testing

@testable import CSIDriver

@Suite("What a node is told of a volume")
struct NodeContextTests {
  private static let cluster = VolumeParametersTests.cluster

  private func settings(_ id: String, _ context: [String: String]) throws -> VolumeParameters {
    try VolumeParameters(context: context, handle: try #require(VolumeHandle(id: id)))
  }

  @Test("is the context that the controller made")
  func ours() throws {
    let made = try VolumeParameters(Self.cluster.merging(["scope": "volume"]) { $1 })
    let context = made.context(limit: 1 << 30)
      .merging(["storage.kubernetes.io/csiProvisionerIdentity": "1-csi"]) { $1 }
    let settings = try settings("ns/c/pvc-1", context)
    #expect(settings.scope == .volume && settings.onDelete == .delete && !settings.isEphemeral)
    #expect(settings.settings("pvc-1").quota == 1 << 30)
  }

  @Test("may be nothing where the id tells the cluster")
  func noContext() throws {
    let settings = try settings("ns/c/pvc-1", [:])
    #expect(settings.cluster == ClusterName(namespace: "ns", name: "c"))
    #expect(settings.scope == .volume)
  }

  @Test("must not be of another cluster than the id")
  func contradiction() {
    let error = #expect(throws: RPCError.self) { try settings("ns/other/pvc-1", Self.cluster) }
    #expect(error?.code == .invalidArgument)
  }

  @Test("of the original is the cluster alone: names are shared, nothing is limited, what was written stays")
  func original() throws {
    let context = Self.cluster.merging([
      "volume_id": "9c6e0c8e", "csi.storage.k8s.io/pvc/name": "claim", "csi.storage.k8s.io/pv/name": "pv",
    ]) { $1 }
    let settings = try settings("9c6e0c8e", context)
    #expect(settings.scope == .cluster && settings.onDelete == .retain && settings.quota == .none)
    #expect(settings.settings("9c6e0c8e").limit == nil)
    #expect(settings.settings("9c6e0c8e").attributes["csi.storage.k8s.io/pvc/name"] == "claim")
  }

  @Test("of a volume that somebody has made by hand has a scope")
  func handMade() throws {
    let settings = try settings("shared-data", Self.cluster.merging(["Scope": "volume", "quota": "2Gi"]) { $1 })
    #expect(settings.scope == .volume && settings.onDelete == .delete)
    #expect(settings.settings("shared-data").quota == 2 << 30)
  }

  @Test("of an inline volume is what the pod says, and about the pod")
  func ephemeral() throws {
    let context = Self.cluster.merging([
      "csi.storage.k8s.io/ephemeral": "true", "csi.storage.k8s.io/pod.name": "step-1", "quota": "512Mi",
    ]) { $1 }
    let request = try settings("csi-5e", context).settings("csi-5e")
    #expect(request.isEphemeral && request.scope == .volume && request.onDelete == .delete)
    #expect(request.quota == 512 << 20)
    #expect(request.attributes["csi.storage.k8s.io/pod.name"] == "step-1")
  }

  @Test("is missing the cluster", arguments: ["9c6e0c8e", "csi-5e"])
  func missing(id: String) {
    let error = #expect(throws: RPCError.self) {
      try settings(id, ["csi.storage.k8s.io/ephemeral": "\(id == "csi-5e")"])
    }
    #expect(error?.code == .invalidArgument)
    #expect(error?.message.contains("k8s.v6d.io/vineyard/namespace") == true)
  }

  @Test("reaches the store without secrets, and without pods that come and go")
  func attributes() throws {
    let context = Self.cluster.merging([
      "scope": "volume", "csi.storage.k8s.io/ephemeral": "false", "csi.storage.k8s.io/pod.name": "step-1",
      "csi.storage.k8s.io/serviceAccount.tokens": "eyJ", "csi.storage.k8s.io/pvc/name": "claim",
    ]) { $1 }
    let request = try settings("ns/c/pvc-1", context).settings("pvc-1")
    #expect(request.attributes == ["csi.storage.k8s.io/pvc/name": "claim"])
    let inline = context.merging(["csi.storage.k8s.io/ephemeral": "true"]) { $1 }
    #expect(try !settings("csi-5e", inline).settings("csi-5e").attributes.values.contains("eyJ"))
  }
}
