import KubernetesObjects

/// What a cluster has beyond plain Kubernetes that changes what is rendered.
public struct Platform: Sendable, Equatable {
  /// Whether pods are admitted by SecurityContextConstraints and nodes enforce SELinux.
  public var isOpenShift: Bool

  public init(isOpenShift: Bool = false) { self.isOpenShift = isOpenShift }

  /// Kubernetes without additions.
  public static let plain = Platform()

  /// The kind whose presence tells OpenShift from others.
  public static let constraintsType = ObjectType(
    apiVersion: "security.openshift.io/v1", kind: "SecurityContextConstraints")

  /// The SELinux options of pods that use directories of their node, when nobody chose any. With the type of ordinary
  /// containers they could not write there.
  var nodeContext: Value? { isOpenShift ? ["type": "spc_t"] : nil }
}
