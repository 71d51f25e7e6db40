import ArgumentParser
import ClusterInventory
import Deployer
import KubernetesClient
import KubernetesObjects
import Manifests
import Support

/// Something that can be deployed and compared, with the flags that describe it.
protocol DeploymentTarget: ParsableArguments {
  /// The word on the command line: `vineyard-cluster`.
  static var commandName: String { get }
  /// A noun phrase, as in `Deploy <summary>.`
  static var summary: String { get }
  /// Facts that a newcomer should know before deploying it.
  static var discussion: String { get }
  /// Flags of its own that an example shows.
  static var exampleFlags: String { get }
  /// Whether an operator is part of it.
  static var hasOperator: Bool { get }
  /// Flags that are about its stores, although its operator has such flags, too.
  static var storeFlags: Set<String> { get }
  /// Whether anything of it is in the namespace that is deployed to.
  static var needsNamespace: Bool { get }
  /// Whether the workloads of stores are rendered here, and not by the operator.
  static var rendersStores: Bool { get }
  /// Whether flags that make no sense by themselves may do so together with those of an earlier deployment.
  static func mayBeCompleted(_ named: Set<String>) -> Bool

  /// The file with the Vineyardd resource that is deployed instead of what flags describe.
  var file: String? { get }

  /// Checks the flags by themselves.
  ///
  /// - Throws: `ProgramError` with code `usage` for flags that make no sense.
  func checkFlags(_ context: DeploymentContext) throws

  /// Decides which objects it consists of.
  ///
  /// - Parameter notes: gets a line for each decision that flags left open.
  /// - Throws: `ProgramError` with code `usage` for flags that make no sense.
  func plan(_ context: DeploymentContext, _ notes: inout [Note]) throws -> Plan

  /// Makes sure that everything a plan builds on is there.
  ///
  /// - Returns: notes on it.
  /// - Throws: `ProgramError` that says what to deploy first.
  func checkPrerequisites(of plan: Plan, _ client: KubernetesClient) async throws -> [Note]

  /// Place of the flags of earlier deployments; nil for one that is described anew each time.
  func earlierFlags(in namespace: String) -> EarlierFlags?

  /// The Secret with the certificates of its etcd, where they are issued here; nil elsewhere.
  ///
  /// - Throws: `ProgramError` with code `usage` for a file that describes no cluster.
  func etcdSecret(_ context: DeploymentContext) throws -> ObjectReference?

  /// The next step when it is deployed, for people who do it the first time.
  func nextStep(in namespace: String) -> String?

  /// The object that keeps its number of replicas when nobody gives one, nil without such a thing.
  func scaledObject(in namespace: String) -> ObjectReference?
}

extension DeploymentTarget {
  static var discussion: String { "" }
  static var hasOperator: Bool { false }
  static var storeFlags: Set<String> { [] }
  static var needsNamespace: Bool { true }
  static var rendersStores: Bool { false }
  var file: String? { nil }
  static func mayBeCompleted(_ named: Set<String>) -> Bool {
    named.contains { $0.hasPrefix("vineyardd.spill.") || ["vineyardd.volume.mountPath", "volumeMount"].contains($0) }
  }
  func checkPrerequisites(of plan: Plan, _ client: KubernetesClient) async throws -> [Note] { [] }
  func earlierFlags(in namespace: String) -> EarlierFlags? { nil }
  func scaledObject(in namespace: String) -> ObjectReference? { nil }
  func nextStep(in namespace: String) -> String? { nil }
  func etcdSecret(_ context: DeploymentContext) throws -> ObjectReference? { nil }
}

/// Place of the flags of earlier deployments.
enum EarlierFlags {
  /// In a custom resource, whose specification says them.
  case resource(ObjectReference, SpecFlags)
  /// In an annotation of a workload (`FlagRecord`).
  case workload(ObjectReference)
}

/// Everything that a plan depends on: namespace and cluster, objects that are there, flags that count.
struct DeploymentContext: Sendable {
  var namespace: String
  let createsNamespace: Bool
  let isVerbose: Bool
  /// The facts of the cluster; nil when it is not asked (`--dry-run=client`).
  var facts: ClusterFacts?
  /// The replicas of the workload that is deployed already.
  var liveReplicas: Int?
  /// The number of operators that this program has deployed already; nil when somebody else has scaled them.
  var liveOperators: Int?
  /// The Deployments of all stores in the cluster; empty when they are not asked for.
  var stores: [KubernetesObject] = []
  /// The certificates of etcd as they are deployed, where they are issued here.
  var etcdSecret: KubernetesObject?
  /// The flags that are given now.
  var flags = GivenFlags()
  /// The names of the flags that count now: those given, and those that go back to their defaults.
  var named: Set<String> = []
  /// The flags among them that are not about the operator.
  var storeFlags: Set<String> = []
  /// The custom resource as it is deployed; nil when there is none, or when it is the original's.
  var live: KubernetesObject?
  /// Flags of the operator that a custom resource takes over, because it has been given none of them itself.
  var inherited = GivenFlags()
  /// The flags that a workload was deployed with, without those that are named now.
  var record = GivenFlags()
  /// The same of the operator that serves the cluster, wherever it is.
  var operatorFlags = GivenFlags()
  let host: HostFacts
  /// Reads a file, or standard input under the name `-`.
  let readFile: @Sendable (String) throws -> String

  init(
    namespace: String, createsNamespace: Bool, isVerbose: Bool, host: HostFacts,
    readFile: @escaping @Sendable (String) throws -> String
  ) {
    self.namespace = namespace
    self.createsNamespace = createsNamespace
    self.isVerbose = isVerbose
    self.host = host
    self.readFile = readFile
  }

  /// The namespace when it is to be created: one that others made is not touched.
  var namespaceObjects: [KubernetesObject] {
    get throws {
      guard createsNamespace, facts?.isNamespaceOthers != true else { return [] }
      return [try Manifests.namespace(namespace, isOurs: true)]
    }
  }

  /// The number of stores: as asked for, else as deployed, else one for each node that can take a pod.
  func replicas(_ asked: Int?, for placement: PodPlacement, _ notes: inout [Note]) -> Int {
    if let asked {
      if let warning = facts?.nodes.flatMap({ NodeFacts.surplus(of: asked, $0, for: placement) }) {
        notes.append(Note(.warning, warning))
      }
      return asked
    }
    if let liveReplicas {
      notes.append(Note(.action, "replicas: \(liveReplicas), as deployed (--replicas changes it)"))
      return liveReplicas
    }
    guard let nodes = facts?.nodes else {
      notes.append(Note(.action, "3 replicas: the nodes are not known (--replicas changes it)"))
      return 3
    }
    let choice = NodeFacts.defaultReplicas(nodes, for: placement)
    notes.append(Note(.action, "\(choice.reason) (--replicas changes it)"))
    return choice.count
  }

  /// An object that a user wrote into a file.
  ///
  /// - Parameter type: what it must be.
  /// - Throws: `ProgramError` with code `usage` when the file holds anything else.
  func resource(from path: String, type: ObjectType) throws -> KubernetesObject {
    let text = try readFile(path)
    let object: KubernetesObject
    do {
      object = KubernetesObject(try Value(yaml: text))
    } catch {
      throw ProgramError(.usage, "cannot read \(path)", cause: "\(error)", hint: "write YAML or JSON")
    }
    guard object.reference.type == type else {
      throw ProgramError(
        .usage, "\(path) holds no \(type)", cause: object.kind.isEmpty ? nil : "it holds a \(object.reference.type)")
    }
    guard !object.name.isEmpty else { throw ProgramError(.usage, "the \(type.kind) in \(path) has no name") }
    return object
  }
}

extension DeploymentTarget {
  /// Refuses flags that describe a cluster beside a file that does.
  ///
  /// - Throws: `ProgramError` with code `usage` that names them.
  func requireFileAlone(beside given: GivenFlags) throws {
    guard file != nil else { return }
    let descriptions = [DeclaredFlags(VineyarddArguments.self), DeclaredFlags(ImageArguments.self)]
    var names = given.values.keys.filter { name in descriptions.contains { $0.flag(named: name) != nil } }
      .map { "--\($0)" }
    names += given.operands.filter { $0 == "-" }.map { "'\($0)'" }
    guard !names.isEmpty else { return }
    throw ProgramError(
      .usage, "\(names.joined(separator: ", ")) \(names.count == 1 ? "has" : "have") no effect beside --file",
      hint: "write the values into the file, or leave the file out")
  }
}

extension DeploymentContext {
  /// The namespace to deploy a file into: that of the resource in it, if it names one, as kubectl does it.
  ///
  /// - Parameter isGiven: whether the command line names a namespace.
  /// - Throws: `ProgramError` with code `usage` when file and flag contradict each other.
  func namespace(of file: String, isGiven: Bool) throws -> String {
    guard let own = try resource(from: file, type: .vineyardd).namespace, own != namespace else { return namespace }
    guard isGiven else { return own }
    throw ProgramError(
      .usage, "the Vineyardd in \(file) is of the namespace '\(own)', not '\(namespace)'",
      hint: "write -n \(own), or leave -n out")
  }
}
