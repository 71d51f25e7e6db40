import KubernetesObjects

/// How an installation is: its workloads, their pods and what is wrong.
public struct InstallationStatus: Sendable, Equatable {
  public let namespace: String
  public let components: [ComponentStatus]
  public let pods: [PodStatus]
  /// What pods and custom resources report, in their own words.
  public let warnings: [String]
  /// What should be there and is not, a line each: the operator of resources, the stores of a cluster.
  public let missing: [String]
  /// What there may be besides, and why it is not shown.
  public let hidden: [String]

  /// Whether everything is there and does what it should.
  public var isReady: Bool { missing.isEmpty && components.allSatisfy(\.isReady) }

  /// The status as data.
  public var value: Value {
    [
      "namespace": .string(namespace), "isReady": .boolean(isReady),
      "components": .array(components.map(\.value)), "pods": .array(pods.map(\.value)), "warnings": Value(warnings),
      "missing": Value(missing), "notShown": Value(hidden),
    ]
  }
}
