import KubernetesObjects
import ManifestFiles

extension Manifests {
  /// The operator without its namespace and definitions, in the order in which to apply it.
  ///
  /// - Throws: `CommandError` with code `usage` for options that make no sense.
  public static func operatorObjects(_ options: OperatorOptions) throws -> [KubernetesObject] {
    try options.validate()
    let namespace = options.namespace

    var access = try ManifestDocuments(.operatorAccess)
    access.move(to: namespace)
    access.label()

    var userAccess = try ManifestDocuments(.userAccess)
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
        }
      }
    }

    try options.webhook.apply(to: &workload)
    guard options.webhook.isEnabled else {
      return try access.objects + operatorConstraints(options.platform, in: namespace) + workload.objects
    }
    var webhooks = try ManifestDocuments(.webhooks)
    webhooks.label()
    webhooks.editAll { configuration in
      configuration.tree["webhooks"]?.mapElements { $0["clientConfig", "service", "namespace"] = .string(namespace) }
    }
    return try access.objects + userAccess.objects + operatorConstraints(options.platform, in: namespace)
      + workload.objects + webhooks.objects
  }
}
