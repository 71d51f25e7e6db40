import ClusterInventory
import KubernetesObjects
import Manifests

/// The status of a driver, computed from its workloads and clusters.
struct CSIDriverStatus: ResourceStatus {
  /// The controller of the driver.
  let deployment: KubernetesObject?
  /// The node plugins.
  let daemons: KubernetesObject?
  /// The resource whose workloads these are, nil when they are this one's.
  let primary: String?
  /// Clusters that do not exist.
  let missing: [CSIDriverSpec.Cluster]
  /// Clusters that exist and are not ready.
  let unready: [CSIDriverSpec.Cluster]
  /// StorageClasses that another resource has, with its name.
  let taken: [(storageClass: String, driver: String)]
  let progress: Progress
  /// The API server's reason for refusing pods; nil when it refuses none.
  var refusal: String?

  private var isControllerReady: Bool { deployment.map { Readiness.of($0).isReady } ?? false }

  private var areNodesReady: Bool { daemons.map { Readiness.of($0).isReady } ?? false }

  /// Whether pods are being replaced by newer ones, as after a change of the specification.
  private var isRollingOut: Bool {
    let controllers = deployment?.condition("Progressing")
    if let controllers, controllers.status == .yes, controllers.reason != "NewReplicaSetAvailable" { return true }
    guard let daemons else { return false }
    return !daemons.isObserved || Workload(daemons).updated < Workload(daemons).current
  }

  private var isRunning: Bool { progress == .done && isControllerReady && areNodesReady }

  /// The fields of the status besides conditions; the states are those of the original.
  var fields: Value {
    let controllers = deployment.map { Workload($0) }
    let nodes = daemons.map { Workload($0) }
    return [
      "state": .string(isRunning ? "running" : "pending"), "current": Value(controllers?.ready ?? 0),
      "replicas": Value(controllers?.current ?? 0), "nodes": Value(nodes?.desired ?? 0),
      "nodesReady": Value(nodes?.ready ?? 0),
    ]
  }

  var conditions: [Condition] {
    var conditions = [ready, progress.applied, clusters]
    if let first = taken.first {
      conditions.append(
        Condition(
          "StorageClassesOwned", false, "Taken",
          "StorageClass \(first.storageClass) belongs to CSIDriver \(first.driver)"))
    }
    return conditions
  }

  private var ready: Condition {
    if isRunning {
      return Condition("Ready", true, "Running", primary.map { "the workloads of CSIDriver \($0) serve it" } ?? "")
    }
    if let obstacle = progress.obstacle { return obstacle }
    let absent = "does not exist yet"
    let controller = deployment.map { Readiness.of($0).detail } ?? absent
    let nodes = daemons.map { Readiness.of($0).detail } ?? absent
    let workloads = "controller: \(controller); node plugins: \(nodes)"
    if let refusal {
      let text = workloads.contains(refusal) ? workloads : "\(workloads); pods are refused: \(refusal)"
      return Condition("Ready", false, "PodsRefused", text)
    }
    return Condition("Ready", false, isRollingOut ? "RollingOut" : "WorkloadsNotReady", workloads)
  }

  private var clusters: Condition {
    if let first = missing.first {
      return Condition(
        "ClustersReady", false, "Missing", "there is no vineyard cluster \(first.namespace)/\(first.name) yet")
    }
    if let first = unready.first {
      return Condition(
        "ClustersReady", false, "NotReady", "the vineyard cluster \(first.namespace)/\(first.name) is not ready")
    }
    return Condition("ClustersReady", true, "AllReady")
  }
}
