import Documents
import Support

/// Nodes for pods, and needs of the pods' start there. Fields of both custom resources, flags of every deployment.
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

  /// The values of the label `kubernetes.io/arch` on Linux, which are the names of the Go compiler.
  private static let knownArchitectures = [
    "386", "amd64", "arm", "arm64", "loong64", "mips", "mips64", "mips64le", "mipsle", "ppc64", "ppc64le", "riscv64",
    "s390x",
  ]
  /// Names that other tools have for them.
  private static let otherNames = [
    "x86_64": "amd64", "x86-64": "amd64", "x64": "amd64", "aarch64": "arm64", "i386": "386",
  ]

  static func validate(architecture: String) throws(ProgramError) {
    guard !knownArchitectures.contains(architecture) else { return }
    let name = architecture.lowercased()
    let guess = otherNames[name] ?? nearest(to: name, in: knownArchitectures)
    throw ProgramError(
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
    if !imagePullSecrets.isEmpty { pod["imagePullSecrets"] = Self.references(to: imagePullSecrets) }
    if usesNode, let seLinuxOptions { pod["securityContext", "seLinuxOptions"] = seLinuxOptions }
  }

  static func references(to secrets: [String]) -> Value { .array(secrets.map { ["name": .string($0)] }) }
}
