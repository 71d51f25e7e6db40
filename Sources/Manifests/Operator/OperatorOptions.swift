import KubernetesObjects
import Support

/// Options of an installed operator.
public struct OperatorOptions: Sendable, Equatable {
  /// The namespace it runs in.
  public var namespace: String
  /// The image of both containers.
  public var image: ImageOptions
  /// Pods, one of which leads.
  public var replicas: Int
  /// Whether both containers log in detail.
  public var verbose: Bool
  /// Nodes on which the pods may run.
  public var placement = PodPlacement()
  /// Whether new pods are directed to the nodes that hold the bytes of their volumes.
  public var directsPods = true
  /// Way from the API server to the webhook.
  public var webhook = WebhookOptions()
  /// The platform of the cluster.
  public var platform = Platform.plain

  public init(
    namespace: String = "vineyard-system", image: ImageOptions = ImageOptions(), replicas: Int = 1,
    verbose: Bool = false
  ) {
    self.namespace = namespace
    self.image = image
    self.replicas = replicas
    self.verbose = verbose
  }

  /// Checks every option.
  ///
  /// - Throws: `ProgramError` with code `usage` for the first that makes no sense.
  public func validate() throws {
    try Rule.name(namespace, "namespace")
    try image.validate("image")
    try placement.validate()
    try webhook.validate()
    try Rule.range(replicas, 1...9, "number of operator replicas")
  }

  /// Whether the API server asks the operator about new pods.
  var reviewsPods: Bool { directsPods && webhook.isEnabled && platform.hasMatchConditions }
}

/// Way from the API server to the webhook that admits our resources.
public struct WebhookOptions: Sendable, Equatable {
  /// Whether there is one. Without it the rules of the definitions hold, and the operator tells the rest in conditions.
  public var isEnabled = true
  /// Port on which the pod listens. Firewalls in front of nodes may let the API server reach a few ports only.
  public var port = Self.defaultPort
  /// Whether the pods use the network of their node, for API servers that cannot reach the addresses of pods.
  public var usesHostNetwork = false

  public static let defaultPort = 9443

  public init() {}

  func validate() throws { try Rule.range(port, 1...65535, "webhook port") }
}

extension WebhookOptions {
  static let serviceName = "vineyard-webhook-service"

  /// Puts the options into the operator's workload.
  func apply(to documents: inout ManifestDocuments) throws {
    guard isEnabled else {
      documents.remove("Service", suffix: Self.serviceName)
      return try documents.edit("Deployment") { deployment in
        let containers = deployment.podSpec["containers"]?.array ?? []
        deployment.podSpec["containers"] = .array(containers.filter { $0["name"] != "webhook" })
        if usesHostNetwork { useHostNetwork(&deployment) }
      }
    }
    if port != Self.defaultPort {
      try documents.edit("Service", suffix: Self.serviceName) { service in
        service.tree["spec", "ports"]?.mapElements { $0["targetPort"] = Value(port) }
      }
    }
    try documents.edit("Deployment") { deployment in
      if port != Self.defaultPort {
        try deployment.editContainer("webhook") { container in
          container["args"]?.append(.string("--webhook-bind-address=:\(port)"))
          container.setPort("webhook-server", port)
        }
      }
      if usesHostNetwork { useHostNetwork(&deployment) }
    }
  }

  /// On a node, ports belong to everybody: those that are not the webhook's move to where others rarely are.
  private func useHostNetwork(_ deployment: inout KubernetesObject) {
    deployment.podSpec["hostNetwork"] = true
    deployment.podSpec["dnsPolicy"] = "ClusterFirstWithHostNet"
    // A new pod has no place on a node whose ports the old one has.
    deployment.tree["spec", "strategy"] = [
      "type": "RollingUpdate", "rollingUpdate": ["maxSurge": 0, "maxUnavailable": 1],
    ]
    deployment.podSpec["containers"]?.mapElements { container in
      for (name, flag, port) in Self.hostPorts where container.setPort(name, port) {
        container.setArgument(flag, ":\(port)")
      }
    }
  }

  private static let hostPorts = [
    ("https", "--metrics-bind-address", 19443), ("manager-health", "--health-probe-bind-address", 19081),
    ("webhook-health", "--health-probe-bind-address", 19082),
  ]
}

extension Value {
  /// Sets the number of a container's port.
  ///
  /// - Returns: whether the container has a port of this name.
  @discardableResult
  fileprivate mutating func setPort(_ name: String, _ port: Int) -> Bool {
    var isFound = false
    self["ports"]?.mapElements { entry in
      guard entry["name"]?.string == name else { return }
      entry["containerPort"] = Value(port)
      isFound = true
    }
    return isFound
  }
}
