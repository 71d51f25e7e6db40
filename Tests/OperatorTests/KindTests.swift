import Manifests
import Testing

@testable import Operator

/// Parts of the operator that a kind brings.
@Suite struct KindTests {
  @Test func `clusters and drivers bring reconcilers of their own`() {
    let own = ResourceKind.all.filter { $0.spec is any ReconciledSpec.Type }.map(\.type)
    #expect(Set(own).isSuperset(of: [.vineyardd, .csiDriver]))
  }

  @Test(arguments: ResourceKind.all)
  func `a kind whose deletion is asked about says what uses its resources`(_ kind: ResourceKind) {
    #expect(kind.isDeletionGuarded == (kind.spec is any DeletionGuardedSpec.Type))
  }

  @Test func `the webhooks of deletion are answered, and no other path`() {
    for kind in ResourceKind.all {
      #expect(DeletionGuard.guards("/validate-deletion-\(kind.webhookPath)") == kind.isDeletionGuarded)
      #expect(!DeletionGuard.guards("/validate-\(kind.webhookPath)"))
    }
  }
}
