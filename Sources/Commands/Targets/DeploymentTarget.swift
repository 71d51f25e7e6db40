import ArgumentParser
import ClusterInventory
import Deployer
import KubernetesClient
import KubernetesObjects
import Manifests
import Support

/// Something that can be deployed, compared and deleted, with the flags that describe it.
protocol DeploymentTarget: ParsableArguments {
  /// The word on the command line: `vineyard-cluster`.
  static var commandName: String { get }
  /// What it is, as in `Deploy <summary>.`
  static var summary: String { get }
  /// What a newcomer should know before deploying it.
  static var discussion: String { get }
  /// Flags of its own that an example shows.
  static var exampleFlags: String { get }

  /// Whether an operator is part of it.
  static var hasOperator: Bool { get }

  /// Whether anything of it is in the namespace that is deployed to.
  static var needsNamespace: Bool { get }

  /// The objects it consists of.
  ///
  /// - Throws: `CommandError` with code `usage` for flags that make no sense.
  func plan(_ setting: Setting) throws -> Plan

  /// Makes sure that what it builds on is there.
  ///
  /// - Throws: `CommandError` that says what to deploy first.
  func requirePrerequisites(_ client: KubernetesClient, _ setting: Setting) async throws

  /// Where an earlier deployment has left what it was told; nil for one that is described anew each time.
  func memory(in namespace: String) -> Memory?

  /// Whether flags that make no sense by themselves may do so together with those of an earlier deployment.
  static func mayBeCompleted(_ named: Set<String>) -> Bool

  /// What to do when it is deployed, for people who do it the first time.
  func nextStep(in namespace: String) -> String?

  /// The custom resource that keeps its number of replicas when nobody gives one, nil without such a thing.
  func scaledObject(in namespace: String) -> ObjectReference?
}

extension DeploymentTarget {
  static var discussion: String { "" }
  static var hasOperator: Bool { false }
  static var needsNamespace: Bool { true }
  func requirePrerequisites(_ client: KubernetesClient, _ setting: Setting) async throws {}
  func memory(in namespace: String) -> Memory? { nil }
  static func mayBeCompleted(_ named: Set<String>) -> Bool {
    named.contains { $0.hasPrefix("vineyardd.spill.") || ["vineyardd.volume.mountPath", "volumeMount"].contains($0) }
  }
  func scaledObject(in namespace: String) -> ObjectReference? { nil }
  func nextStep(in namespace: String) -> String? { nil }
}

/// Where and into what something is deployed.
struct Setting: Sendable {
  let namespace: String
  let createsNamespace: Bool
  let isVerbose: Bool
  /// What the cluster says of itself; nil when it is not asked (`--dry-run=client`).
  var facts: ClusterFacts?
  /// The replicas of what is deployed already.
  var liveReplicas: Int?
  /// The number of operators that this program has deployed already; nil when somebody else has scaled them.
  var liveOperators: Int?
  /// The flags that are given now.
  var flags = GivenFlags()
  /// The names of the flags that count now: those given, and those that go back to their defaults.
  var named: Set<String> = []
  /// The custom resource as it is deployed; nil when there is none, or when it is the original's.
  var live: KubernetesObject?
  /// The flags that a workload was deployed with, without those that are named now.
  var record = GivenFlags()
  /// The same of the operator that serves the cluster, wherever it is.
  var operatorFlags = GivenFlags()
  let host: HostFacts
  /// Reads a file, or standard input under the name `-`.
  let readFile: @Sendable (String) throws -> String
  var story: Story

  /// The number of stores: as asked for, else as deployed, else one for each node that can take a pod.
  func replicas(_ asked: Int?, for placement: PodPlacement) -> Int {
    if let asked { return asked }
    if let liveReplicas {
      story.tell(.action, "replicas: \(liveReplicas), as deployed (--replicas changes it)")
      return liveReplicas
    }
    guard let nodes = facts?.nodes else {
      story.tell(.action, "3 replicas: the nodes are not known (--replicas changes it)")
      return 3
    }
    let choice = NodeFacts.defaultReplicas(nodes, for: placement)
    story.tell(.action, "\(choice.reason) (--replicas changes it)")
    return choice.count
  }
}
