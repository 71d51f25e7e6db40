import Documents
import Support

/// Where pods may run, and what they need to start there. Fields of both custom resources, flags of every deployment.
public struct PodPlacement: Sendable, Equatable {
  /// Labels that a node must have. Nodes must run Linux in any case.
  public var nodeSelector: [String: String] = [:]
  /// Taints that the pods tolerate, as `Toleration` of core/v1.
  public var tolerations: [Value] = []
  /// Processor architectures the image is built for, as in the node label `kubernetes.io/arch`; empty for any.
  public var architectures: [String] = []
  /// Names of Secrets in the namespace of the pods with credentials for the images' registry.
  public var imagePullSecrets: [String] = []
  /// `SELinuxOptions` of core/v1 of pods that use directories of their node; nil leaves it to the container runtime.
  public var seLinuxOptions: Value?

  public init() {}

  /// Checks every field.
  ///
  /// - Throws: `CommandError` with code `usage` for the first that makes no sense.
  func validate() throws {
    for (key, value) in nodeSelector.sorted(by: { $0.key < $1.key }) {
      try Rule.labelKey(key, "node selector")
      try Rule.labelValue(value, "node selector \(key)")
    }
    for toleration in tolerations { try Toleration.validate(toleration) }
    for architecture in architectures { try Self.validate(architecture: architecture) }
    for secret in imagePullSecrets { try Rule.subdomain(secret, "image pull secret") }
  }

  /// The values of the label `kubernetes.io/arch` on Linux, which are the names of the Go compiler.
  private static let knownArchitectures = [
    "386", "amd64", "arm", "arm64", "loong64", "mips", "mips64", "mips64le", "mipsle", "ppc64", "ppc64le", "riscv64",
    "s390x",
  ]
  /// Names that other tools have for them.
  private static let otherNames = [
    "x86_64": "amd64", "x86-64": "amd64", "x64": "amd64", "aarch64": "arm64", "i386": "386",
  ]

  private static func validate(architecture: String) throws(CommandError) {
    guard !knownArchitectures.contains(architecture) else { return }
    let name = architecture.lowercased()
    let guess = otherNames[name] ?? nearest(to: name, in: knownArchitectures)
    throw CommandError(
      .usage, "invalid architecture '\(architecture)'",
      hint: guess.map { "did you mean \($0)?" } ?? "give one as 'kubectl get nodes -L kubernetes.io/arch' shows it")
  }

  /// Puts the settings into a pod's spec.
  ///
  /// - Parameter usesNode: whether the pod uses directories of its node, which SELinux keeps from ordinary pods.
  func apply(to pod: inout Value, usesNode: Bool) {
    for (key, value) in nodeSelector.sorted(by: { $0.key < $1.key }) { pod["nodeSelector", key] = .string(value) }
    if !tolerations.isEmpty { pod["tolerations"] = .array(tolerations) }
    if !architectures.isEmpty {
      let expression: Value = ["key": "kubernetes.io/arch", "operator": "In", "values": Value(architectures)]
      pod["affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"] = [
        ["matchExpressions": [expression]]
      ]
    }
    if !imagePullSecrets.isEmpty { pod["imagePullSecrets"] = secretReferences }
    if usesNode, let seLinuxOptions { pod["securityContext", "seLinuxOptions"] = seLinuxOptions }
  }

  private var secretReferences: Value { .array(imagePullSecrets.map { ["name": .string($0)] }) }
}

/// The settings in the `spec` of a custom resource.
extension PodPlacement {
  mutating func read(_ reader: inout SpecReader) throws {
    try reader.texts("nodeSelector", &nodeSelector)
    try reader.values("tolerations", &tolerations)
    try reader.strings("architectures", &architectures)
    var secrets: [Value] = []
    try reader.values("imagePullSecrets", &secrets)
    imagePullSecrets = try secrets.map { secret in
      guard let name = secret["name"]?.string else {
        throw CommandError(.usage, "an element of imagePullSecrets has no name", hint: "write - name: SECRET")
      }
      return name
    }
    try reader.object("seLinuxOptions", &seLinuxOptions)
  }

  /// Writes what differs from the defaults.
  func write(to spec: inout Value) {
    if !nodeSelector.isEmpty { spec["nodeSelector"] = Value(nodeSelector) }
    if !tolerations.isEmpty { spec["tolerations"] = .array(tolerations) }
    if !architectures.isEmpty { spec["architectures"] = Value(architectures) }
    if !imagePullSecrets.isEmpty { spec["imagePullSecrets"] = secretReferences }
    spec["seLinuxOptions"] = seLinuxOptions
  }
}
