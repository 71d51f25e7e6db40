import Support

/// How the operator is installed.
public struct OperatorOptions: Sendable, Equatable {
  /// The namespace it runs in.
  public var namespace: String
  /// The image of both containers.
  public var image: ImageOptions
  /// Pods, one of which leads.
  public var replicas: Int
  /// Whether both containers log in detail.
  public var verbose: Bool
  /// Where the pods may run.
  public var placement = PodPlacement()
  /// How the API server reaches the webhook.
  public var webhook = WebhookOptions()
  /// What the cluster is.
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
  /// - Throws: `CommandError` with code `usage` for the first that makes no sense.
  public func validate() throws {
    try Rule.name(namespace, "namespace")
    try image.validate("image")
    try placement.validate()
    try webhook.validate()
    try Rule.range(replicas, 0...9, "number of operator replicas")
  }
}
