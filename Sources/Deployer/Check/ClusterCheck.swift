import KubernetesClient
import KubernetesObjects
import Logging
import Support

/// Looks whether a cluster can take an installation, or whether the installation in it is as it should be.
public struct ClusterCheck: Sendable {
  /// The deployment that a check is about.
  public struct Subject: Sendable {
    public var namespace: String
    /// Everything that a deployment would make; its kinds are what permissions are asked for.
    public var objects: [KubernetesObject]
    /// The image that nodes must have or be able to pull.
    public var image: String
    /// Bytes one store takes, nil when it takes what a node gives.
    public var size: UInt64?
    /// Whether only what comes before a deployment is checked.
    public var isBeforehand: Bool
    /// The workloads that a deployment, and the operator after it, would make.
    public var workloads: [KubernetesObject] = []

    public init(
      namespace: String, objects: [KubernetesObject], image: String, size: UInt64?, isBeforehand: Bool
    ) {
      self.namespace = namespace
      self.objects = objects
      self.image = image
      self.size = size
      self.isBeforehand = isBeforehand
    }
  }

  let client: KubernetesClient
  let subject: Subject
  let log: Logger

  public init(client: KubernetesClient, subject: Subject, log: Logger) {
    self.client = client
    self.subject = subject
    self.log = log
  }

  /// Runs every check; one that cannot be done is a warning.
  ///
  /// - Throws: `ProgramError` when the API server cannot be reached at all.
  public func run() async throws -> [Finding] {
    let version = try await client.version()
    async let namespace = namespaceFindings()
    async let permissions = PermissionCheck(check: self).run()
    async let nodes = NodeCheck(check: self).run()
    async let definitions = DefinitionCheck(check: self).run()
    async let conflicts = ConflictCheck(check: self).run()
    async let storage = StorageCheck(check: self).run()
    async let admission = subject.isBeforehand ? AdmissionCheck(check: self).run() : []
    async let operators = OperatorCheck(check: self).run()
    async let components = subject.isBeforehand ? [] : componentFindings()
    let before = try await [versionFinding(version)] + namespace + permissions + admission
    let found = try await nodes + definitions + conflicts + storage
    return try await before + found + operators + components
  }

  private static let serverGroup = "Kubernetes API"

  private func versionFinding(_ version: ServerVersion) -> Finding {
    let group = Self.serverGroup
    let text = "\(client.server) is Kubernetes \(version.gitVersion)"
    guard version.major == 1 && version.minor < ClusterFacts.oldestMinor else { return Finding(group, .passed, text) }
    return Finding(group, .failed, text, hint: "vineyardctl needs 1.\(ClusterFacts.oldestMinor) or newer")
  }

  private func namespaceFindings() async throws -> [Finding] {
    try await guarded(Self.serverGroup) {
      let name = "the namespace \(subject.namespace)"
      guard let live = try await client.get(ObjectReference(type: .namespace, name: subject.namespace)) else {
        return subject.isBeforehand
          ? [Finding(Self.serverGroup, .passed, "\(name) does not exist yet; --create-namespace makes it")]
          : [
            Finding(
              Self.serverGroup, .failed, "\(name) does not exist",
              hint: "deploying with --create-namespace makes it, -n names another one")
          ]
      }
      guard live.isBeingDeleted else { return [Finding(Self.serverGroup, .passed, "\(name) exists")] }
      return [Finding(Self.serverGroup, .failed, "\(name) is being deleted", hint: "wait until it is gone")]
    }
  }

  private func componentFindings() async throws -> [Finding] {
    let group = "Components"
    do {
      return try await guarded(group) { try await componentFindings(group) }
    } catch let error as ProgramError {
      return [Finding(group, error.code == .notFound ? .failed : .warning, error.message, hint: error.hint)]
    }
  }

  private func componentFindings(_ group: String) async throws -> [Finding] {
    let status = try await StatusReader(client: client, namespace: subject.namespace, log: log).read()
    let findings = status.components.map { component in
      Finding(
        group, component.isReady ? .passed : .failed, "\(component.role): \(component.object): \(component.detail)",
        hint: component.isReady ? nil : "'vineyardctl status' shows the pods and what is wrong with them")
    }
    return findings + status.missing.map { Finding(group, .failed, $0) }
      + status.warnings.filter { !status.missing.contains($0) }.map { Finding(group, .warning, $0) }
      + status.hidden.map { Finding(group, .warning, "not shown: \($0)") }
  }

  /// Runs a check whose requests may be refused, and turns the refusal into a warning.
  func guarded(_ group: String, _ body: () async throws -> [Finding]) async throws -> [Finding] {
    do {
      return try await body()
    } catch let error as KubernetesError {
      let reason = error.asProgramError
      return [Finding(group, .warning, "cannot be checked: \(reason.message): \(error.message)", hint: reason.hint)]
    }
  }
}
