import KubernetesClient

/// How the driver is to run.
public struct DriverOptions: Sendable {
  /// Which half of the driver runs.
  public enum Mode: String, Sendable, CaseIterable {
    case all, controller, node

    var hasController: Bool { self != .node }
    var hasNode: Bool { self != .controller }
  }

  public var endpoint: DriverEndpoint
  /// Name of the Kubernetes node.
  public var nodeID: String
  public var mode: Mode = .all
  /// Directory that holds `<namespace>/<cluster>/vineyard.sock` of each store of this node.
  public var socketRoot = "/var/run/vineyard-kubernetes"
  /// State file of the original, read once.
  public var stateFile: String?
  /// HTTP port of the metrics, 0 for a free one, nil for none.
  public var metricsPort: UInt16?
  /// The cluster whose stores the controller works with, nil for the stores of this node alone.
  public var kubernetes: KubernetesClient?

  public init(endpoint: DriverEndpoint, nodeID: String) {
    self.endpoint = endpoint
    self.nodeID = nodeID
  }
}
