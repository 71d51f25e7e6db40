import KubernetesObjects

extension Manifests {
  /// The operator without its namespace and definitions, in the order in which to apply it.
  ///
  /// - Throws: `ProgramError` with code `usage` for options that make no sense.
  public static func operatorObjects(_ options: OperatorOptions) throws -> [KubernetesObject] {
    try options.validate()
    let namespace = options.namespace

    var access = try ManifestDocuments(.operatorAccess)
    let kinds = ResourceKind.all
    access.editAll { $0.extendRules(to: kinds) }
    try access.edit("ClusterRole", suffix: "-manager-role") { role in
      role.allowKeeping(kinds.flatMap { $0.ownedTypes + $0.optionalTypes })
    }
    access.move(to: namespace)
    access.label()

    var userAccess = try ManifestDocuments(.userAccess)
    userAccess.editAll { role in
      role.extendRules(to: role.name.hasSuffix("-view") ? kinds : kinds.filter(\.isNamespaced))
    }
    userAccess.label()

    var workload = try ManifestDocuments(.operator)
    workload.move(to: namespace)
    workload.label()
    try workload.edit("Deployment") { deployment in
      deployment.tree["spec", "replicas"] = Value(options.replicas)
      options.placement.apply(to: &deployment.podSpec, usesNode: false)
      for name in ["manager", "webhook"] {
        try deployment.editContainer(name) { container in
          container.setImage(options.image)
          container["args"]?.mapElements { argument in
            if argument.string?.hasPrefix("--namespace=") == true { argument = "--namespace=\(namespace)" }
          }
          if options.verbose { container["args"]?.append("--verbose") }
          if name == "manager", !options.reviewsPods { container["args"]?.append("--placement=off") }
        }
      }
    }

    try options.webhook.apply(to: &workload)
    guard options.webhook.isEnabled else {
      return try access.objects + operatorConstraints(options.platform, in: namespace) + workload.objects
    }
    var webhooks = try ManifestDocuments(.webhooks)
    webhooks.label()
    if !options.reviewsPods { webhooks.remove("MutatingWebhookConfiguration", suffix: placementSuffix) }
    webhooks.editAll { configuration in
      if configuration.name.hasSuffix(placementSuffix) {
        configuration.leaveOut(namespace)
      } else {
        let isOfDeletion = configuration.name.contains("-deletion-")
        configuration.repeatWebhook(for: isOfDeletion ? kinds.filter(\.isDeletionGuarded) : kinds)
      }
      configuration.tree["webhooks"]?.mapElements { $0["clientConfig", "service", "namespace"] = .string(namespace) }
    }
    return try access.objects + userAccess.objects + operatorConstraints(options.platform, in: namespace)
      + workload.objects + webhooks.objects
  }
}

extension Manifests {
  private static let placementSuffix = "-placement-webhook-configuration"

  /// The configuration of the webhook that directs pods to their data.
  public static let placementWebhook = ObjectReference(
    type: .mutatingWebhooks, name: "vineyard\(placementSuffix)")
}

extension KubernetesObject {
  /// Lets the webhook leave out the operator's namespace, whatever its name.
  fileprivate mutating func leaveOut(_ namespace: String) {
    tree["webhooks"]?.mapElements { webhook in
      webhook["namespaceSelector", "matchExpressions"]?.mapElements { expression in
        guard expression["key"]?.string == "kubernetes.io/metadata.name" else { return }
        expression["values"] = Value(Set(["kube-system", namespace]).sorted())
      }
    }
  }
}

/// Objects that the operator makes for itself while it runs; `delete operator` takes them away.
extension Manifests {
  /// The Lease that says which replica leads. Its name is the original's, so that the two never lead at the same time.
  public static func operatorLease(in namespace: String) -> KubernetesObject {
    state("coordination.k8s.io/v1", "Lease", "5fa514f1.v6d.io", namespace)
  }

  /// The Secret with the certificate of the webhook, its authorities and their keys.
  public static func operatorCertificate(in namespace: String) -> KubernetesObject {
    var secret = state("v1", "Secret", "vineyard-webhook-server-cert", namespace)
    secret.tree["type"] = "kubernetes.io/tls"
    return secret
  }

  /// The Leases by which the sidecars of the CSI driver elect leaders, which nobody deletes with them.
  ///
  /// Source: csi-lib-utils' leader election, and what provisioner, resizer and snapshotter put in front of the driver's
  /// name.
  public static let sidecarLeases = ["", "external-resizer-", "external-snapshotter-leader-"].map {
    "\($0)csi-vineyard-v6d-io"
  }

  /// The Leases as objects, for their removal.
  public static func sidecarLeaseObjects(in namespace: String) -> [KubernetesObject] {
    sidecarLeases.map { state("coordination.k8s.io/v1", "Lease", $0, namespace) }
  }

  private static func state(
    _ apiVersion: String, _ kind: String, _ name: String, _ namespace: String
  ) -> KubernetesObject {
    var object = KubernetesObject([
      "apiVersion": .string(apiVersion), "kind": .string(kind),
      "metadata": ["name": .string(name), "namespace": .string(namespace)],
    ])
    object.setLabel("app.kubernetes.io/managed-by", creator)
    object.setLabel("app.kubernetes.io/part-of", "vineyard")
    object.setLabel("app.kubernetes.io/component", "operator")
    return object
  }
}
