import KubernetesObjects
import Manifests
import Testing

/// What is rendered is output people apply and diff; run with `UPDATE_GOLDEN=1` to accept a change.
@Suite(.serialized) struct GoldenTests {
  private func cluster(_ spec: VineyarddSpec, uid: String?) throws -> [KubernetesObject] {
    try Manifests.vineyardd(
      spec, uid: uid, controlledByOperator: uid != nil, adminToken: Samples.adminToken)
  }

  @Test func `the namespace`() throws {
    try Golden.check([try Manifests.namespace("vineyard-system", isOurs: true)], "namespace")
    try Golden.check([try Manifests.namespace("research", isOurs: false)], "namespace-of-others")
  }

  @Test func `the definitions`() throws {
    try Golden.check(try Manifests.customResourceDefinitions(), "definitions")
    let image = ImageOptions(image: "example.com/team/vineyardctl:2.0", registry: "mirror.example.com")
    try Golden.check(try Manifests.customResourceDefinitions(image: image), "definitions-from-a-mirror")
  }

  @Test func `the operator`() throws {
    try Golden.check(try Manifests.operatorObjects(OperatorOptions()), "operator")
    try Golden.check(try Manifests.operatorObjects(Samples.fullOperator), "operator-full")
  }

  @Test func `the cluster's resource`() throws {
    try Golden.check([VineyarddSpec().customResource()], "vineyardd-resource")
    try Golden.check([try Samples.fullCluster().customResource()], "vineyardd-resource-full")
  }

  @Test func `the cluster's workload`() throws {
    try Golden.check(try cluster(VineyarddSpec(), uid: nil), "vineyardd")
    try Golden.check(try cluster(try Samples.fullCluster(), uid: Samples.uid), "vineyardd-full")
  }

  @Test func `a cluster with a size and etcd on three nodes`() throws {
    var spec = VineyarddSpec()
    spec.etcdReplicas = 3
    spec.store.size = "4Gi"
    spec.store.spill.name = "overflow"
    spec.store.spill.path = "/var/spill"
    try Golden.check(try cluster(spec, uid: nil), "vineyardd-sized")
  }

  @Test func `the driver's resource`() throws {
    try Golden.check([Samples.driver().customResource()], "csidriver-resource")
    try Golden.check([try Samples.fullDriver().customResource()], "csidriver-resource-full")
  }

  @Test func `the driver's workload`() throws {
    try Golden.check(try Manifests.csiDriver(Samples.driver(), namespace: "vineyard-system"), "csidriver")
    try Golden.check(
      try Manifests.csiDriver(try Samples.fullDriver(), namespace: "research", uid: Samples.uid), "csidriver-full")
  }
}
