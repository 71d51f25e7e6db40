import KubernetesObjects

/// Objects of the original program that go away because nothing of ours has their names.
public struct Retirement: Sendable {
  enum Selection: Sendable {
    case named([ObjectReference])
    /// Members of an etcd, by the label that only the original gives them: their own name.
    case members(of: String, namespace: String)
    /// Objects of ours that the deployment has no longer; they go whenever they are found.
    case obsolete([ObjectReference])
  }

  let selection: Selection
  /// They go right before this object is applied for the first time.
  let successor: ObjectReference
  /// Why they go, as people read it.
  let reason: String

  /// Whether it is looked for at every deployment, not only at the first.
  var isRepeated: Bool {
    if case .obsolete = selection { true } else { false }
  }
}

extension Retirement {
  /// The roles of the original operator that ours does without; they give its account, and the namespace's default
  /// account, more rights than anything needs.
  ///
  /// - Parameter successor: the Deployment of our operator.
  public static func operatorRoles(successor: ObjectReference) -> Retirement {
    Retirement(
      selection: .named(originalRoles), successor: successor, reason: "the operator needs it no more")
  }

  /// The roles of the original operator that ours has not, and what binds them.
  public static let originalRoles: [ObjectReference] = {
    let roles = ["proxy-role", "scheduler-plugin-role"]
    let bindings = [
      "kube-scheduler-rolebinding", "proxy-rolebinding", "scheduler-plugin-rolebinding", "scheduler-rolebinding",
      "volume-scheduler-rolebinding",
    ]
    return bindings.map { ObjectReference(type: .clusterRoleBinding, name: "vineyard-\($0)") }
      + roles.map { ObjectReference(type: .clusterRole, name: "vineyard-\($0)") }
  }()

  /// The webhook of our operator, when it is deployed without one: as long as it is configured, the API server asks it.
  ///
  /// - Parameter successor: the Deployment of our operator.
  public static func webhook(in namespace: String, successor: ObjectReference) -> Retirement {
    Retirement(
      selection: .obsolete([
        ObjectReference(type: .mutatingWebhooks, name: "vineyard-mutating-webhook-configuration"),
        ObjectReference(type: .validatingWebhooks, name: "vineyard-validating-webhook-configuration"),
        ObjectReference(type: .validatingWebhooks, name: "vineyard-deletion-webhook-configuration"),
        ObjectReference(type: .service, namespace: namespace, name: "vineyard-webhook-service"),
      ]), successor: successor, reason: "the operator is deployed without a webhook")
  }

  /// The etcd members of the original, each a bare pod with a Service; our StatefulSet has pods of the same names.
  ///
  /// - Parameters:
  ///   - cluster: the name of the Vineyard cluster.
  ///   - successor: what brings the StatefulSet.
  public static func etcdMembers(of cluster: String, in namespace: String, successor: ObjectReference) -> Retirement {
    Retirement(
      selection: .members(of: "\(cluster)-etcd", namespace: namespace), successor: successor,
      reason: "a StatefulSet runs etcd from now on")
  }
}
