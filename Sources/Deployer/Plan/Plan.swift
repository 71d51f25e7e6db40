import KubernetesObjects

/// What is to exist, in the order in which it is made.
///
/// Each wave waits for what the next one needs. Removal goes through the same waves backwards.
public struct Plan: Sendable {
  /// One step: objects that can be made at the same time.
  public struct Wave: Sendable {
    /// What this step is, as people read it: `custom resource definitions`.
    public let title: String
    public let objects: [KubernetesObject]
    /// What has to be ready before the next wave, or before the command ends.
    public let gates: [Gate]
    /// What goes before this step begins.
    var retirements: [Retirement] = []

    public init(_ title: String, _ objects: [KubernetesObject], gates: [Gate] = []) {
      self.title = title
      self.objects = objects
      self.gates = gates
    }
  }

  /// What is deployed, as people read it: `vineyard cluster vineyard-system/vineyardd-sample`.
  public let title: String
  public var waves: [Wave]

  public init(_ title: String, waves: [Wave]) {
    self.title = title
    self.waves = waves.filter { !$0.objects.isEmpty }
  }

  /// Every object in the order of the waves.
  public var objects: [KubernetesObject] { waves.flatMap(\.objects) }
}
