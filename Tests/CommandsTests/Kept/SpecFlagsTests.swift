import Documents
import Manifests
import Testing

@testable import Commands

/// What of a custom resource each flag sets.
@Suite struct SpecFlagsTests {
  @Test func `every flag of a cluster has its fields`() {
    expectComplete(.vineyardd, DeclaredFlags(VineyarddTarget.self))
    expectComplete(
      .vineyardd, DeclaredFlags(VineyardClusterTarget.self),
      except: ["operator.replicas", "placement", "webhook", "webhook.port", "webhook.host-network"])
  }

  @Test func `every flag of a driver has its fields`() {
    expectComplete(.csiDriver, DeclaredFlags(CSIDriverTarget.self))
  }

  /// A flag that is missing here would go back to its default whenever another one is used.
  private func expectComplete(_ flags: SpecFlags, _ declared: DeclaredFlags, except others: Set<String> = []) {
    let names = declared.flags.map(\.name).filter { $0 != "help" }
    let missing = names.filter { flags.paths[$0] == nil && !others.contains($0) }
    #expect(missing.isEmpty)
  }

  @Test func `the form that switches a flag off is the same flag`() {
    let flag = DeclaredFlags(VineyarddTarget.self).flag(inverse: "no_vineyardd.reserve_memory")
    #expect(flag?.name == "vineyardd.reserve_memory")
  }

  @Test func `a field belongs to the flag that says most`() {
    #expect(SpecFlags.vineyardd.flag(for: ["vineyard", "image"]) == "vineyardd.image")
    #expect(SpecFlags.vineyardd.flag(for: ["priorityClassName"]) == nil)
  }
}
