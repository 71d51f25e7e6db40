import ClusterInventory
import KubernetesClient
import KubernetesObjects
import Support

/// Whether the names that the CSI driver needs are free.
struct StorageCheck: Sendable {
  let check: ClusterCheck

  private static let group = "Storage"
  private static let driver = StorageClasses.driver

  func run() async throws -> [Finding] {
    try await check.guarded(Self.group) {
      let classes = try await check.client.list(.storageClass).items
      let ours = classes.filter { $0.provisioner == Self.driver }
      let taken = classes.filter { $0.name.hasSuffix(".csi") && $0.provisioner != Self.driver }
        .filter { $0.name.hasPrefix("\(check.subject.namespace).") }
      var findings = taken.map { storageClass in
        Finding(
          Self.group, .failed,
          "the storage class \(storageClass.name) belongs to \(storageClass.provisioner ?? "another")",
          hint: "delete it, or choose another cluster name")
      }
      let names = ours.isEmpty ? "none yet" : ours.map(\.name).shortList
      findings.append(Finding(Self.group, .passed, "storage classes of \(Self.driver): \(names)"))
      return findings
    }
  }
}
