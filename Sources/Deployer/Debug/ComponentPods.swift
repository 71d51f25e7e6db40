import KubernetesClient
import KubernetesObjects

/// The part of an installation that a pod belongs to.
public enum Component: String, Sendable, CaseIterable {
  case `operator`
  case store
  case etcd
  /// The controller of the CSI driver.
  case csi = "csi-driver"
  /// The node plugins of the CSI driver.
  case nodes = "csi-nodes"

  /// The component of a pod; nil for a pod of somebody else.
  public init?(_ pod: KubernetesObject) {
    let labels = pod.labels
    if labels["control-plane"] == "controller-manager" {
      self = .operator
    } else if labels["app.vineyard.io/role"] == "vineyardd" {
      self = .store
    } else if let role = labels["app.vineyard.io/role"], let component = Component(rawValue: role) {
      self = component
    } else if labels["app.vineyard.io/name"] != nil {
      self = .etcd
    } else {
      return nil
    }
  }
}

/// The pods of all components of a namespace.
public struct ComponentPods: Sendable {
  private let client: KubernetesClient
  private let namespace: String

  public init(client: KubernetesClient, namespace: String) {
    self.client = client
    self.namespace = namespace
  }

  /// The pods, by component and name.
  ///
  /// - Throws: as every call of `KubernetesClient`.
  public func find(_ components: Set<Component> = Set(Component.allCases)) async throws -> [(
    Component, KubernetesObject
  )] {
    async let operators = client.list(.pod, namespace: namespace, labels: "control-plane=controller-manager").items
    async let others = client.list(.pod, namespace: namespace, labels: "app.vineyard.io/name").items
    let pods = try await operators + others
    let order = Component.allCases
    return pods.compactMap { pod in Component(pod).map { ($0, pod) } }.filter { components.contains($0.0) }
      .sorted { left, right in
        let (first, second) = (order.firstIndex(of: left.0) ?? 0, order.firstIndex(of: right.0) ?? 0)
        return (first, left.1.name) < (second, right.1.name)
      }
  }
}
