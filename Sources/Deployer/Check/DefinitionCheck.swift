import KubernetesClient
import KubernetesObjects

/// Whether the definitions of our custom resources are there and whose they are.
struct DefinitionCheck: Sendable {
  let check: ClusterCheck

  private static let group = "Custom resource definitions"

  func run() async throws -> [Finding] {
    try await check.guarded(Self.group) {
      let planned = check.subject.objects.filter { $0.reference.type == .customResourceDefinition }
      var findings: [Finding] = []
      for definition in planned {
        findings.append(
          Self.finding(
            definition.name, try await check.client.get(definition.reference), isBeforehand: check.subject.isBeforehand)
        )
      }
      return findings
    }
  }

  static func finding(_ name: String, _ live: KubernetesObject?, isBeforehand: Bool) -> Finding {
    guard let live else {
      return isBeforehand
        ? Finding(group, .passed, "\(name) does not exist yet and will be made")
        : Finding(
          group, .failed, "\(name) does not exist", hint: "'vineyardctl deploy operator' makes it")
    }
    if live.tree["spec", "conversion", "strategy"]?.string == "Webhook" {
      return Finding(
        group, .warning, "\(name) is the original's",
        hint: "deploying takes it over; its resources stay")
    }
    let readiness = Readiness.of(live)
    if readiness.isReady { return Finding(group, .passed, "\(name) is \(readiness.detail)") }
    if let names = live.condition("NamesAccepted"), names.status == .no {
      return Finding(
        group, .failed, "\(name): \(names.message)", hint: "delete the definition that uses the same names")
    }
    return Finding(
      group, .failed, "\(name) is not established: \(readiness.detail)",
      hint: "it may take a moment; 'kubectl describe crd \(name)' shows more")
  }
}
