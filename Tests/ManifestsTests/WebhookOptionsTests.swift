import KubernetesObjects
import Manifests
import Support
import Testing

/// How the API server reaches the operator.
@Suite struct WebhookOptionsTests {
  private func objects(_ change: (inout WebhookOptions) -> Void) throws -> [KubernetesObject] {
    var options = OperatorOptions()
    change(&options.webhook)
    return try Manifests.operatorObjects(options)
  }

  private func deployment(_ objects: [KubernetesObject]) throws -> KubernetesObject {
    try #require(objects.first { $0.kind == "Deployment" })
  }

  private func container(_ name: String, _ objects: [KubernetesObject]) throws -> Value? {
    try deployment(objects).tree["spec", "template", "spec", "containers"]?.array?.first { $0["name"]?.string == name }
  }

  @Test func `another port is that of the container, of its flag and of the service`() throws {
    let objects = try objects { $0.port = 10250 }
    let webhook = try #require(try container("webhook", objects))
    #expect(webhook["args"]?.array?.contains("--webhook-bind-address=:10250") == true)
    #expect(webhook["ports"]?[0]?["containerPort"] == 10250)
    let service = objects.first { $0.kind == "Service" && $0.name == "vineyard-webhook-service" }
    #expect(service?.tree["spec", "ports"]?[0]?["targetPort"] == 10250)
  }

  @Test func `in the node's network no two ports meet, and no pod waits for the ports of the old one`() throws {
    let objects = try objects { $0.usesHostNetwork = true }
    let pod = try #require(try deployment(objects).tree["spec", "template", "spec"])
    #expect(pod["hostNetwork"] == true)
    #expect(pod["dnsPolicy"] == "ClusterFirstWithHostNet")
    let containers = pod["containers"]?.array ?? []
    let ports = containers.flatMap { $0["ports"]?.array ?? [] }.compactMap { $0["containerPort"]?.int }
    #expect(Set(ports).count == ports.count)
    #expect(ports.allSatisfy { $0 == WebhookOptions.defaultPort || $0 > 19000 })
    #expect(try deployment(objects).tree["spec", "strategy", "rollingUpdate"] == ["maxSurge": 0, "maxUnavailable": 1])
    let arguments = containers.flatMap { $0["args"]?.array ?? [] }.compactMap(\.string)
    #expect(arguments.contains("--health-probe-bind-address=:19081"))
    #expect(arguments.contains("--health-probe-bind-address=:19082"))
    #expect(arguments.contains("--metrics-bind-address=:19443"))
  }

  @Test func `without a webhook nothing asks for it`() throws {
    let objects = try objects { $0.isEnabled = false }
    #expect(!objects.contains { $0.kind.hasSuffix("WebhookConfiguration") })
    #expect(!objects.contains { $0.name == "vineyard-webhook-service" })
    #expect(try container("webhook", objects) == nil)
    #expect(try container("manager", objects) != nil)
  }

  @Test func `the webhook for pods leaves out the operator's namespace, and nobody waits for it`() throws {
    let objects = try Manifests.operatorObjects(OperatorOptions(namespace: "stores"))
    let configuration = try #require(objects.first { $0.reference == Manifests.placementWebhook })
    let webhook = try #require(configuration.tree["webhooks"]?[0])
    #expect(webhook["clientConfig", "service", "namespace"] == "stores")
    #expect(webhook["namespaceSelector", "matchExpressions"]?[0]?["values"] == ["kube-system", "stores"])
    #expect(webhook["failurePolicy"] == "Ignore" && webhook["timeoutSeconds"] == 1)
    #expect(webhook["rules"]?[0]?["operations"] == ["CREATE"])
  }

  @Test func `pods are not reviewed when that is off, or the server could not tell those without a claim`() throws {
    var off = OperatorOptions()
    off.directsPods = false
    var old = OperatorOptions()
    old.platform.hasMatchConditions = false
    for options in [off, old] {
      let objects = try Manifests.operatorObjects(options)
      #expect(!objects.contains { $0.reference == Manifests.placementWebhook })
      #expect(try container("manager", objects)?["args"]?.array?.contains("--placement=off") == true)
    }
    #expect(try container("manager", try objects { _ in })?["args"]?.array?.contains("--placement=off") == false)
  }

  @Test func `a port that is none is refused`() {
    let error = #expect(throws: ProgramError.self) { try objects { $0.port = 70000 } }
    #expect(error?.message == "invalid webhook port 70000")
  }
}
