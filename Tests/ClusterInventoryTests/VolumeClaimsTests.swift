import KubernetesObjects
import Testing

@testable import ClusterInventory

@Suite struct VolumeClaimsTests {
  private static func volume(_ handle: String, claim: String, driver: String = StorageClasses.driver) throws
    -> KubernetesObject
  {
    try KubernetesObject(
      yaml: """
        {apiVersion: v1, kind: PersistentVolume, metadata: {name: pv-\(claim)},
         spec: {csi: {driver: \(driver), volumeHandle: \(handle), volumeAttributes: {k8s.v6d.io/vineyard/namespace: ns,
         k8s.v6d.io/vineyard/name: c}}, claimRef: {namespace: team, name: \(claim)}}}
        """)
  }

  private static func pod(_ name: String, claim: String, phase: String) throws -> KubernetesObject {
    try KubernetesObject(
      yaml: """
        {apiVersion: v1, kind: Pod, metadata: {name: \(name), namespace: team}, status: {phase: \(phase)},
         spec: {volumes: [{name: d, persistentVolumeClaim: {claimName: \(claim)}}]}}
        """)
  }

  @Test func `a volume leads to its claim and to the pods that run with it`() throws {
    let claims = VolumeClaims(
      volumes: [
        try Self.volume("ns/c/pvc-1", claim: "data"), try Self.volume("uuid", claim: "old"),
        try Self.volume("x", claim: "other", driver: "nfs"),
      ],
      pods: [
        try Self.pod("b", claim: "data", phase: "Running"), try Self.pod("a", claim: "data", phase: "Pending"),
        try Self.pod("c", claim: "data", phase: "Succeeded"),
      ])
    #expect(claims.claim(cluster: "ns/c", volume: "pvc-1")?.claim == "team/data")
    #expect(claims.claim(cluster: "ns/c", volume: "pvc-1")?.pods == ["team/a", "team/b"])
    #expect(claims.claim(cluster: "ns/c", volume: "uuid")?.pods == [])
    #expect(claims.handle(ofClaim: "team/old") == "ns/c/uuid")
    #expect(claims.handle(ofClaim: "team/other") == nil && claims.claim(cluster: "ns/c", volume: "x") == nil)
  }
}
