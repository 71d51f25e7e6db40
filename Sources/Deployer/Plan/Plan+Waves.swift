import KubernetesObjects
import Manifests

extension Plan {
  /// A plan with waves by kind: what others live in or are instances of comes first, custom resources last.
  ///
  /// - Parameter retirements: what goes, each before the wave of its successor.
  public init(_ title: String, objects: [KubernetesObject], retiring retirements: [Retirement] = []) {
    let waves = Rank.allCases.map { rank in
      let members = objects.filter { Rank($0) == rank }
      var wave = Wave(rank.rawValue, members, gates: members.compactMap { rank.gate($0) })
      wave.retirements = retirements.filter { retirement in
        members.contains { $0.reference == retirement.successor }
      }
      return wave
    }
    self.init(title, waves: waves)
  }
}

extension Plan {
  /// The waves of somebody who does not wait: the webhooks come last, because a custom resource that is made while the
  /// operator's pods are starting would be refused.
  var withoutWaiting: [Wave] {
    let isWebhook = { (object: KubernetesObject) in
      [.mutatingWebhooks, .validatingWebhooks].contains(object.reference.type)
    }
    let webhooks = objects.filter(isWebhook)
    let waves = waves.map { wave in
      var rest = Wave(wave.title, wave.objects.filter { !isWebhook($0) }, gates: wave.gates)
      rest.retirements = wave.retirements
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

  func gate(_ object: KubernetesObject) -> Gate? {
    switch self {
    case .namespace, .support: nil
    case .definition: Gate(object.reference, required: true)
    case .workload: Gate(workload: object, required: true)
    case .resource: Gate(object.reference, pods: podSelector(object), in: podNamespace(object), required: false)
    }
  }

  /// The pods that the operator makes for a custom resource carry its name.
  private func podSelector(_ object: KubernetesObject) -> String { "app.vineyard.io/name=\(object.name)" }

  /// Pods of a driver live where the operator lives, which its resource does not say.
  private func podNamespace(_ object: KubernetesObject) -> String? { object.namespace }
}
