import KubernetesObjects
import Manifests

/// Objects that are to exist, in the order in which they are made.
///
/// Each wave waits for what the next one needs. Removal goes through the same waves backwards.
public struct Plan: Sendable {
  /// One step: objects that can be made at the same time.
  public struct Wave: Sendable {
    /// The name of the step, as people read it: `custom resource definitions`.
    public let title: String
    public let objects: [KubernetesObject]
    /// Objects that have to be ready before the next wave, or before the command ends.
    public let gates: [ReadinessGate]
    /// Removals before this step begins.
    var cleanUps: [LegacyCleanUp] = []

    public init(_ title: String, _ objects: [KubernetesObject], gates: [ReadinessGate] = []) {
      self.title = title
      self.objects = objects
      self.gates = gates
    }
  }

  /// The name of the whole, as people read it: `vineyard cluster vineyard-system/vineyardd-sample`.
  public let title: String
  public var waves: [Wave]

  public init(_ title: String, waves: [Wave]) {
    self.title = title
    self.waves = waves.filter { !$0.objects.isEmpty }
  }

  /// A plan with waves by kind: what others live in or are instances of comes first, custom resources last.
  ///
  /// - Parameter cleanUps: what goes, each before the wave of its successor.
  public init(_ title: String, objects: [KubernetesObject], cleaningUp cleanUps: [LegacyCleanUp] = []) {
    let waves = Rank.allCases.map { rank in
      let members = objects.filter { Rank($0) == rank }
      var wave = Wave(rank.rawValue, members, gates: members.compactMap { rank.gate($0) })
      wave.cleanUps = cleanUps.filter { cleanUp in members.contains { $0.reference == cleanUp.successor } }
      return wave
    }
    self.init(title, waves: waves)
  }

  /// Every object in the order of the waves.
  public var objects: [KubernetesObject] { waves.flatMap(\.objects) }

  /// The waves of somebody who does not wait: the webhooks come last, because a custom resource that is made while the
  /// operator's pods are starting would be refused.
  var withoutWaiting: [Wave] {
    let isWebhook = { (object: KubernetesObject) in
      [.mutatingWebhooks, .validatingWebhooks].contains(object.reference.type)
    }
    let webhooks = objects.filter(isWebhook)
    let waves = waves.map { wave in
      var rest = Wave(wave.title, wave.objects.filter { !isWebhook($0) }, gates: wave.gates)
      rest.cleanUps = wave.cleanUps
      return rest
    }
    return waves + (webhooks.isEmpty ? [] : [Wave("webhooks", webhooks)])
  }
}

/// The order in which kinds are made.
private enum Rank: String, CaseIterable {
  case namespace = "namespace"
  case definition = "custom resource definitions"
  case support = "accounts, roles, services and settings"
  case workload = "workloads"
  case resource = "custom resources"

  init(_ object: KubernetesObject) {
    switch object.reference.type {
    case .namespace: self = .namespace
    case .customResourceDefinition: self = .definition
    case .deployment, .statefulSet, .daemonSet: self = .workload
    default: self = object.reference.type.group == ResourceKind.group ? .resource : .support
    }
  }

  func gate(_ object: KubernetesObject) -> ReadinessGate? {
    switch self {
    case .namespace, .support: nil
    case .definition: ReadinessGate(object.reference, required: true)
    case .workload: ReadinessGate(workload: object, required: true)
    case .resource:
      // The pods that the operator makes for a custom resource carry its name. Those of a driver live where the operator
      // lives, which its resource does not say.
      ReadinessGate(
        object.reference, pods: "app.vineyard.io/name=\(object.name)", in: object.namespace, required: false)
    }
  }
}

/// An object whose readiness is waited for, and where the pods are that stand in its way.
public struct ReadinessGate: Sendable {
  public let object: ObjectReference
  /// Label selector of the pods behind the object, nil when it has none.
  public let podSelector: String?
  /// The namespace of these pods.
  public let podNamespace: String?
  /// Whether the next wave cannot begin without it; others are waited for only on request (`--wait`).
  public let isRequired: Bool
  /// The generation that was applied: what the object says about an older one does not count.
  var generation: Int?

  public init(_ object: ObjectReference, pods selector: String? = nil, in namespace: String? = nil, required: Bool) {
    self.object = object
    podSelector = selector
    podNamespace = namespace ?? object.namespace
    isRequired = required
  }

  /// The gate of a workload; its pods are those it selects.
  public init(workload: KubernetesObject, required: Bool) {
    let labels = Workload(workload).selector.sorted { $0.key < $1.key }
    let selector = labels.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
    self.init(workload.reference, pods: selector.isEmpty ? nil : selector, required: required)
  }

  /// Readiness of the object in a given state.
  func readiness(of latest: KubernetesObject) -> Readiness {
    if let generation, let seen = latest.generation, seen < generation {
      return .pending("waiting for the API server")
    }
    return ResourceKind.readiness(of: latest)
  }

  /// The gate of an object as it was applied.
  func expecting(_ applied: [KubernetesObject]) -> ReadinessGate {
    var gate = self
    gate.generation = applied.first { $0.reference == object }?.generation
    return gate
  }
}
