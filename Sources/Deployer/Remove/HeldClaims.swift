import ClusterInventory
import KubernetesClient
import KubernetesObjects
import Support

/// Finds claims of our volumes that were deleted and stay, because pods name them. Pods that have ended count: workflow
/// engines keep them for their logs, and each keeps its claim.
///
/// Source: the controller of the finalizer `kubernetes.io/pvc-protection`, which asks whether a pod that was placed on a
/// node names the claim, whatever its phase.
public struct HeldClaims: Sendable {
  private let client: KubernetesClient

  public init(client: KubernetesClient) { self.client = client }

  /// A claim that cannot go.
  public struct Held: Sendable, Equatable, CustomStringConvertible {
    /// `namespace/name` of the claim.
    public let claim: String
    /// Names of the pods that keep it, with `(Succeeded)` or `(Failed)` behind those that have ended.
    public let pods: [String]

    public var description: String {
      "the claim \(claim) was deleted and stays until these pods are deleted, too: \(pods.shortList)"
    }
  }

  /// The claims.
  ///
  /// - Throws: `KubernetesError`, for instance without the right to see claims or pods.
  public func found() async throws -> [Held] {
    let classes = Set(
      try await client.list(.storageClass).items
        .filter { $0.provisioner == StorageClasses.driver }.map(\.name))
    guard !classes.isEmpty else { return [] }
    let ending = try await client.reduce(.persistentVolumeClaim, into: [KubernetesObject]()) { claims, claim in
      guard claim.isBeingDeleted, let name = claim.storageClassName, classes.contains(name)
      else { return }
      claims.append(claim)
    }
    var held: [Held] = []
    for (namespace, claims) in Dictionary(grouping: ending, by: { $0.namespace ?? "" }).sorted(by: { $0.key < $1.key })
    {
      let names = Set(claims.map(\.name))
      let pods = try await client.reduce(.pod, namespace: namespace, into: [String: [String]]()) { pods, pod in
        for claim in Self.claims(of: pod) where names.contains(claim) {
          pods[claim, default: []].append(Self.text(pod))
        }
      }
      held += pods.sorted { $0.key < $1.key }.map { Held(claim: "\(namespace)/\($0.key)", pods: $0.value) }
    }
    return held
  }

  /// The names of the claims that a pod uses, those made for it alone included.
  static func claims(of pod: KubernetesObject) -> [String] {
    Pod(pod).claims + Pod(pod).ephemeralVolumes.map { "\(pod.name)-\($0)" }
  }

  /// The pod's name, and how it ended.
  static func text(_ pod: KubernetesObject) -> String {
    Pod(pod).hasEnded ? "\(pod.name) (\(Pod(pod).phase ?? ""))" : pod.name
  }
}
