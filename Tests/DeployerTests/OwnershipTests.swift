import KubernetesObjects
import Testing

@testable import Deployer

/// Whose objects are, and what goes with what.
@Suite struct OwnershipTests {
  private func made(_ kind: String, _ metadata: String) throws -> KubernetesObject {
    try KubernetesObject(yaml: "{apiVersion: v1, kind: \(kind), metadata: {name: o, \(metadata)}}")
  }

  @Test(arguments: [
    ("Service", "labels: {app.kubernetes.io/managed-by: vineyardctl}"),
    ("Service", "managedFields: [{manager: vineyardctl, operation: Update}]"),
    ("Service", "managedFields: [{manager: vineyardctl, operation: Apply}]"),
    ("PersistentVolumeClaim", "labels: {app.vineyard.io/name: c, app.vineyard.io/role: etcd}"),
    ("ServiceAccount", "uid: u"),
  ])
  func `ours`(_ kind: String, _ metadata: String) throws {
    #expect(Ownership.isOurs(try made(kind, metadata)))
  }

  @Test(arguments: [
    ("Service", "uid: u"), ("Service", "labels: {app.kubernetes.io/managed-by: Helm}"),
    ("Service", "managedFields: [{manager: kubectl, operation: Update}]"),
    ("Service", "managedFields: [{manager: vineyardctl, operation: Update, subresource: status}]"),
    ("PersistentVolumeClaim", "labels: {app.vineyard.io/name: c}"),
    ("Pod", "labels: {app.vineyard.io/name: c, app.vineyard.io/role: etcd}"),
    ("ServiceAccount", "managedFields: [{manager: kubectl, operation: Update}]"),
  ])
  func `somebody else's`(_ kind: String, _ metadata: String) throws {
    #expect(!Ownership.isOurs(try made(kind, metadata)))
  }

  @Test func `what is owned by something pending is pending`() throws {
    var pending = PendingDeletions()
    pending.insert([try made("Service", "uid: s")])
    #expect(pending.contains(try made("Service", "uid: s")))
    #expect(pending.contains(try made("EndpointSlice", "uid: e, ownerReferences: [{uid: s}]")))
    #expect(pending.contains(try made("Pod", "uid: p, deletionTimestamp: now")))
    #expect(!pending.contains(try made("Pod", "uid: p, ownerReferences: [{uid: other}]")))
  }

  @Test(arguments: [
    ("{finalizers: [foregroundDeletion]}", "{}", "waiting for what depends on it"),
    (
      "{finalizers: [a.example/x, foregroundDeletion, b.example/y]}", "{}",
      "held by the finalizers a.example/x, b.example/y"
    ),
    ("{}", "{conditions: [{type: NamespaceContentRemaining, status: 'True', message: 3 pods}]}", "3 pods"),
    ("{}", "{conditions: [{type: NamespaceContentRemaining, status: 'False', message: none}]}", nil),
    ("{}", "{}", nil),
  ])
  func `what holds a deletion up`(_ metadata: String, _ status: String, _ obstacle: String?) throws {
    let held = try KubernetesObject(yaml: "{apiVersion: v1, kind: Namespace, metadata: \(metadata), status: \(status)}")
    #expect(DeletionWaiter.obstacle(held) == obstacle)
  }
}
