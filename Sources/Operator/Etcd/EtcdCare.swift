import EtcdClient
import KubernetesClient
import KubernetesObjects
import Logging
import Manifests
import Support

/// Looks after the etcd of every cluster while this replica leads: it makes room, defragments, lets members begin anew
/// that cannot go on, and notes how it is.
struct EtcdCare: Sendable {
  private let context: ReconcileContext
  private let interval: Duration
  /// Asks for work on a cluster whose status says something else now, or whose certificates are due.
  private let changed: @Sendable (ObjectKey) -> Void

  /// Clusters that are looked at side by side.
  private static let width = 4

  init(_ context: ReconcileContext, every interval: Duration, changed: @escaping @Sendable (ObjectKey) -> Void) {
    self.context = context
    self.interval = interval
    self.changed = changed
  }

  /// One cluster.
  private struct Cluster: Sendable {
    let key: ObjectKey
    let uid: String
    let spec: VineyarddSpec
    let certificates: EtcdCertificates

    /// Whether the data goes with the pods.
    var isInPods: Bool { spec.etcd.storageSize == nil }
  }

  /// Works until the task is cancelled or the lead is lost.
  func run() async throws {
    while true {
      try await Task.sleep(for: interval)
      var rest = await clusters()[...]
      while !rest.isEmpty {
        let some = rest.prefix(Self.width)
        rest = rest.dropFirst(Self.width)
        try await withThrowingTaskGroup(of: Void.self) { group in
          for cluster in some { group.addTask { try await look(at: cluster) } }
          try await group.waitForAll()
        }
      }
    }
  }

  private func clusters() async -> [Cluster] {
    let resources = context.informers.resources(of: .vineyardd).all.filter { !$0.isBeingDeleted }
    let uids = Set(resources.compactMap(\.uid))
    await context.etcdCertificates.keep(only: uids)
    context.etcdReports.keep(only: uids)
    var clusters: [Cluster] = []
    for resource in resources {
      guard let uid = resource.uid, let certificates = await context.etcdCertificates[uid],
        let spec = try? VineyarddSpec(customResource: resource), spec.usesEtcd,
        context.informers[resource.workload(.statefulSet, "-etcd")] != nil
      else { continue }
      clusters.append(Cluster(key: ObjectKey(resource), uid: uid, spec: spec, certificates: certificates))
    }
    return clusters
  }

  private func look(at cluster: Cluster) async throws {
    do {
      let checkup = try EtcdCheckup(cluster.spec, cluster.certificates.operatorTLS, log: log(of: cluster))
      let (diagnosis, obstacle) = await checkup.diagnose()
      var report = EtcdReport(wanted: cluster.spec.etcdReplicas, obstacle: obstacle)
      diagnosis.fill(&report)
      report.instances = await checkup.instances(diagnosis)
      report.expiry = cluster.certificates.expiry.map { Timestamp(milliseconds: $0 * 1000).time }
      if let treatment = diagnosis.treatment {
        try context.owned.writer.leadership.check()
        do throws(EtcdError) { try await checkup.treat(treatment, diagnosis) } catch {
          log(of: cluster).warning("etcd cannot be treated, trying again: \(error)")
        }
      }
      await checkup.close()
      try await repair(cluster, hasLeader: diagnosis.hasLeader)
      let isDue = isCertificateDue(cluster)
      if context.etcdReports.note(report, of: cluster.uid) || isDue { changed(cluster.key) }
    } catch let error as Leadership.Lost {
      throw error
    } catch let error as CancellationError {
      throw error
    } catch {
      log(of: cluster).warning("etcd cannot be looked after, trying again: \(error)")
    }
  }

  private func isCertificateDue(_ cluster: Cluster) -> Bool {
    let now = Timestamp.now()
    return cluster.certificates.nextStep(context.etcdCertificates.lives, now: now).map { $0 <= now.seconds + 60 }
      ?? false
  }

  /// Deletes pods whose members have to begin anew. Nothing is asked while all are ready.
  private func repair(_ cluster: Cluster, hasLeader: Bool) async throws {
    let set = ObjectReference(
      type: .statefulSet, namespace: cluster.spec.namespace, name: cluster.spec.etcdName)
    guard cluster.isInPods, let members = context.informers[set], Workload(members).ready < cluster.spec.etcdReplicas
    else { return }
    let pods = try await context.client.list(
      .pod, namespace: cluster.spec.namespace,
      labels: "app.vineyard.io/role=etcd,app.vineyard.io/name=\(cluster.spec.name)"
    ).items
    let nodes = try await context.client.list(.node).items.filter { $0.condition("Ready")?.status == .yes }
    let repair = EtcdRepair(
      pods: pods, readyNodes: Set(nodes.map(\.name)), wanted: cluster.spec.etcdReplicas, hasLeader: hasLeader,
      now: .now())
    for deletion in repair.deletions {
      log(of: cluster).warning("\(deletion.pod) is deleted: \(deletion.reason)")
      try await context.owned.writer.delete(deletion.pod, uid: deletion.uid, force: deletion.isForced)
    }
  }

  private func log(of cluster: Cluster) -> Logger {
    var log = context.log
    log[metadataKey: "cluster"] = "\(cluster.key)"
    return log
  }
}
