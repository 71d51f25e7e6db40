import Documents
import KubernetesObjects

/// Features of a cluster beyond plain Kubernetes that change the rendering.
public struct Platform: Sendable, Equatable {
  /// Whether pods are admitted by SecurityContextConstraints and nodes enforce SELinux.
  public var isOpenShift: Bool

  /// Whether webhooks can be told by an expression which objects concern them (Kubernetes 1.28).
  public var hasMatchConditions: Bool

  public init(isOpenShift: Bool = false, hasMatchConditions: Bool = true) {
    self.isOpenShift = isOpenShift
    self.hasMatchConditions = hasMatchConditions
  }

  /// Kubernetes without additions.
  public static let plain = Platform()

  /// The kind whose presence tells OpenShift from others.
  public static let constraintsType = ObjectType(
    apiVersion: "security.openshift.io/v1", kind: "SecurityContextConstraints")

  /// The SELinux options of pods that use directories of their node, when nobody chose any. With the type of ordinary
  /// containers they could not write there.
  var nodeContext: Value? { isOpenShift ? ["type": "spc_t"] : nil }
}

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

  /// The operator's rights: its own constraint, and the right to bind those of what it makes.
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
