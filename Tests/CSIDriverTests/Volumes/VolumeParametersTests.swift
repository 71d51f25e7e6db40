import GRPCCore
import StoreClient
import StoreProtocol
import Testing

@testable import CSIDriver

@Suite("Parameters of a StorageClass")
struct VolumeParametersTests {
  static let cluster = ["k8s.v6d.io/vineyard/namespace": "ns", "k8s.v6d.io/vineyard/name": "c"]

  private func settings(_ more: [String: String]) throws -> VolumeParameters {
    try VolumeParameters(Self.cluster.merging(more) { $1 })
  }

  @Test("give every volume names of its own, deleted with it, and the size of its claim")
  func defaults() throws {
    let settings = try settings([:])
    #expect(settings.cluster == ClusterName(namespace: "ns", name: "c"))
    #expect(settings.scope == .volume && settings.onDelete == .delete && settings.quota == .request)
    #expect(!settings.isEphemeral && settings.attributes.isEmpty)
  }

  @Test("keep what is shared unless told otherwise")
  func shared() throws {
    #expect(try settings(["scope": "cluster"]).onDelete == .retain)
    #expect(try settings(["scope": "cluster", "onDelete": "delete"]).onDelete == .delete)
    #expect(try settings(["onDelete": "retain"]).onDelete == .retain)
  }

  @Test("leave to the scope what becomes of replaced objects and deleted memory unless told otherwise")
  func policies() throws {
    #expect(try settings([:]).overwrite == nil && settings([:]).deletedMemory == nil)
    let told = try settings(["overwrite": "Keep", "deletedmemory": "reuse"])
    #expect(told.overwrite == .keep && told.deletedMemory == .reuse)
    let request = told.settings("v")
    #expect(request.overwrite == .keep && request.deletedMemory == .reuse)
    let context = told.context(limit: nil)
    #expect(context["overwrite"] == "keep" && context["deletedMemory"] == "reuse")
  }

  @Test("have a node fetch what was written last only if they say so, and only for volumes of all nodes")
  func prefetch() throws {
    #expect(try !settings([:]).isPrefetched && !settings(["prefetch": "False"]).isPrefetched)
    var told = try settings(["Prefetch": "true", "locality": "cluster"])
    #expect(told.isPrefetched && told.context(limit: nil)["prefetch"] == "true")
    #expect(told.settings("v").attributes[CreateVolumeParameters.prefetchAttribute] == "true")
    told.locality = .node
    #expect(told.context(limit: nil)["prefetch"] == nil, "a claim for one node of that class has nothing to fetch")
  }

  @Test("are known without regard to case")
  func letterCase() throws {
    let settings = try settings(["SCOPE": "Cluster", "ondelete": "Delete", "Quota": "NONE"])
    #expect(settings.scope == .cluster && settings.onDelete == .delete && settings.quota == .none)
  }

  @Test(
    "limit a volume",
    arguments: [
      ("request", 1 << 30, 1 << 30), ("", 1 << 30, 1 << 30), ("request", 1 << 20, nil), ("request", 0, nil),
      ("none", 1 << 30, nil), ("4Gi", 1 << 30, 4 << 30), ("4000", 1 << 30, 4000),
    ] as [(String, UInt64, UInt64?)])
  func limits(quota: String, requested: UInt64, expected: UInt64?) throws {
    #expect(try settings(["quota": quota]).limit(requested: requested) == expected)
  }

  @Test(
    "that are missing, unknown or malformed are refused with what to write",
    arguments: [
      (["k8s.v6d.io/vineyard/name": ""], "k8s.v6d.io/vineyard/name"),
      (["k8s.v6d.io/vineyard/namespace": "../etc"], "DNS-1123"), (["scope": "pod"], "volume or cluster"),
      (["onDelete": "keep"], "delete or retain"), (["overwrite": "retain"], "delete or keep"),
      (["deletedMemory": "x"], "keep or reuse"), (["quota": "much"], "4Gi"), (["quota": "0"], "4Gi"),
      (["quota": "-1"], "4Gi"), (["prefetch": "yes"], "true or false"),
      (["prefetch": "true", "locality": "node"], "on every node"),
      (["prefetch": "true", "csi.storage.k8s.io/ephemeral": "true"], "on every node"),
      (["scpe": "volume"], "did you mean 'scope'"), (["fsType": "ext4"], "known: "),
    ])
  func invalid(more: [String: String], hint: String) {
    let error = #expect(throws: RPCError.self) { try settings(more) }
    #expect(error?.code == .invalidArgument)
    #expect(error?.message.contains(hint) == true, "\(error?.message ?? "")")
  }

  @Test("come back out of the context that is made of them")
  func context() throws {
    let settings = try settings([
      "scope": "cluster", "onDelete": "delete", "quota": "request", "csi.storage.k8s.io/pvc/name": "claim",
    ])
    let context = settings.context(limit: 5 << 30)
    let read = try VolumeParameters(context)
    #expect(read.cluster == settings.cluster && read.scope == .cluster && read.onDelete == .delete)
    #expect(read.limit(requested: 0) == 5 << 30)
    #expect(read.attributes == ["csi.storage.k8s.io/pvc/name": "claim"])
    #expect(try VolumeParameters(settings.context(limit: nil)).limit(requested: 9 << 30) == nil)
  }
}
