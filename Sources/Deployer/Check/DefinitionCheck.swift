import Documents
import KubernetesClient

/// Whether the definitions of our custom resources are there and whose they are.
struct DefinitionCheck: Sendable {
  let check: ClusterCheck

  private static let group = "Custom resource definitions"

  func run() async throws -> [Finding] {
    try await check.guarded(Self.group) {
      let planned = check.subject.objects.filter { $0.reference.type == .customResourceDefinition }
      var findings: [Finding] = []
      for definition in planned {
        findings.append(finding(definition.name, try await check.client.get(definition.reference)))
      }
      return findings
    }
  }

  private func finding(_ name: String, _ live: KubernetesObject?) -> Finding {
    guard let live else {
      return check.subject.isBeforehand
        ? Finding(Self.group, .passed, "\(name) does not exist yet and will be made")
        : Finding(
          Self.group, .failed, "\(name) does not exist", hint: "'vineyardctl deploy operator' makes it")
    }
    if live.tree["spec", "conversion", "strategy"]?.string == "Webhook" {
      return Finding(
        Self.group, .warning, "\(name) is the original's",
        hint: "deploying takes it over; its resources stay")
    }
    let readiness = Readiness.of(live)
    if readiness.isReady { return Finding(Self.group, .passed, "\(name) is \(readiness.detail)") }
    return Finding(
      Self.group, .failed, "\(name): \(readiness.detail)", hint: "another definition may use the same names")
  }
}
