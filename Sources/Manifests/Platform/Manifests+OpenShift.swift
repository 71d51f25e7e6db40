import KubernetesObjects
import ManifestFiles

/// The right of pods to the security context constraints that they need (OpenShift documentation, "Managing security
/// context constraints").
extension Manifests {
  /// Constraints that OpenShift brings along, by what the pods of an account do.
  enum Constraint: String {
    /// Another user id than the namespace's range has, and nothing else.
    case nonroot = "nonroot-v2"
    /// Directories of the node, root, or a privileged container.
    case privileged
  }

  /// What the operator needs: its own constraint, and the right to bind those of what it makes.
  static func operatorConstraints(_ platform: Platform, in namespace: String) throws -> [KubernetesObject] {
    guard platform.isOpenShift else { return [] }
    var documents = try ManifestDocuments(.openShift)
    documents.move(to: namespace)
    documents.label()
    return documents.objects
  }

  /// The binding of each account to the constraint that its pods need.
  ///
  /// - Parameter object: an account, whose namespace and labels the binding gets.
  static func constraintBindings(
    _ accounts: [KubernetesObject], _ platform: Platform, _ constraint: (KubernetesObject) -> Constraint
  ) throws -> [KubernetesObject] {
    guard platform.isOpenShift else { return [] }
    var documents = try ManifestDocuments(.openShift)
    documents.label()
    guard let sample = documents.objects.first(where: { $0.kind == "RoleBinding" }) else { return [] }
    return accounts.filter { $0.kind == "ServiceAccount" }.map { account in
      var binding = sample
      binding.name = "\(account.name)-scc"
      binding.namespace = account.namespace
      binding.tree["metadata", "labels"] = account.tree["metadata", "labels"]
      binding.tree["roleRef", "name"] = .string("system:openshift:scc:\(constraint(account).rawValue)")
      binding.tree["subjects"]?.mapElements { subject in
        subject["name"] = .string(account.name)
        subject["namespace"] = account.namespace.map { .string($0) }
      }
      return binding
    }
  }
}
