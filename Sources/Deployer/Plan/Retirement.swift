import Documents

/// Objects of the original program that go away because nothing of ours has their names.
public struct Retirement: Sendable {
  enum Selection: Sendable {
    case named([ObjectReference])
    /// Members of an etcd, by the label that only the original gives them: their own name.
    case members(of: String, namespace: String)
  }

  let selection: Selection
  /// They go right before this object is applied for the first time.
  let successor: ObjectReference
  /// Why they go, as people read it.
  let reason: String
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
