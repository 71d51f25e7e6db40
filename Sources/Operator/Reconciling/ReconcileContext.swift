import ClusterInventory
import KubernetesClient
import Logging
import Manifests
import Support

/// The parts of the operator that all reconcilers share, for one time of leading.
struct ReconcileContext: Sendable {
  let informers: Informers
  let owned: OwnedObjects
  let status: StatusWriter
  let events: EventRecorder
  let client: KubernetesClient
  /// The namespace of the operator, and of workloads of resources that are in none.
  let namespace: String
  /// The platform of the cluster.
  let platform: Platform
  /// The certificates of the clusters' etcd.
  let etcdCertificates: EtcdCertificateStore
  /// The state of the clusters' etcd.
  let etcdReports = EtcdReports()
  let log: Logger

  init(
    client: KubernetesClient, informers: Informers, leadership: Leadership, namespace: String, platform: Platform,
    etcdCertificateLives: CertificateLives, log: Logger
  ) {
    let writer = Writer(client: client, leadership: leadership)
    self.informers = informers
    self.client = client
    self.namespace = namespace
    self.platform = platform
    etcdCertificates = EtcdCertificateStore(lives: etcdCertificateLives, log: log) { try await client.get($0) }
    self.log = log
    owned = OwnedObjects(informers: informers, writer: writer, lastApplied: LastApplied(), log: log)
    status = StatusWriter(writer: writer, now: { .now() })
    events = EventRecorder(writer: writer, log: log)
  }

  /// A reconciler for every kind: its own, or the plain one.
  var reconcilers: [any Reconciler] {
    ResourceKind.all.map { kind in
      (kind.spec as? any ReconciledSpec.Type)?.reconciler(self) ?? PlainReconciler(kind: kind, context: self)
    }
  }
}
