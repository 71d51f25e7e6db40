import ArgumentParser
import HTTPEndpoint
import KubernetesClient
import Logging
import Operator
import Support

/// Runs the operator; what the pod of `deploy operator` runs.
struct ManagerCommand: AsyncContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "manager", abstract: "Run the operator: keep clusters and drivers as their resources describe them.",
    discussion: """
      The cluster is the one of the pod, or of the kubeconfig. With --enable-controllers=false it only admits \
      resources, and asks the API server nothing.
      """.withExamples("vineyardctl manager --leader-elect --kubeconfig ~/.kube/config"))

  @OptionGroup var connection: ConnectionArguments

  @Flag(
    name: .customLong("leader-elect"), inversion: .prefixedNo, help: "Let one of several replicas work at a time.")
  var electsLeader = false

  @Flag(
    name: .customLong("enable-controllers"), inversion: .prefixedNo, help: "Reconcile resources.")
  var runsControllers = true

  @Flag(
    name: .customLong("enable-webhook"), inversion: .prefixedNo, help: "Admit resources.")
  var servesWebhook = true

  @Option(
    name: .customLong("webhook-bind-address"),
    help: ArgumentHelp("Where to admit resources, over TLS.", valueName: "address"))
  var webhookAddress = ":9443"

  @Option(
    name: .customLong("webhook-cert-dir"),
    help: ArgumentHelp("Where the certificate is, as tls.crt and tls.key; empty for none.", valueName: "path"))
  var certificateDirectory = "/etc/webhook/certs"

  @Option(
    name: .customLong("webhook-cert-lifetime"),
    help: ArgumentHelp(
      "How long a certificate is valid; it is renewed after two thirds of that.", valueName: "duration"))
  var certificateLifetime = "8760h"

  @Option(
    name: .customLong("webhook-authority-lifetime"),
    help: ArgumentHelp(
      "How long the authority of these certificates is trusted; default: ten times as long.", valueName: "duration",
      visibility: .hidden))
  var authorityLifetime: String?

  @Option(
    name: .customLong("etcd-cert-lifetime"),
    help: ArgumentHelp(
      "How long certificates of the clusters' etcd are valid; they are renewed after two thirds of that.",
      valueName: "duration"))
  var etcdCertificateLifetime = "8760h"

  @Option(
    name: .customLong("etcd-interval"),
    help: ArgumentHelp("How often etcd is looked after.", valueName: "duration", visibility: .hidden))
  var etcdInterval = "30s"

  @Option(
    name: .customLong("metrics-bind-address"),
    help: ArgumentHelp("Where to serve /metrics, over TLS to those who may read it; 0 is off.", valueName: "address"))
  var metricsAddress = "127.0.0.1:8080"

  @Option(
    name: .customLong("health-probe-bind-address"),
    help: ArgumentHelp("Where to serve /healthz and /readyz; 0 is off.", valueName: "address"))
  var healthAddress = ":8081"

  @Option(
    help: ArgumentHelp(
      "Whether new pods are directed to the nodes that hold most of their volumes' bytes; off: stores are not asked for them.",
      valueName: "on|off"))
  var placement: Switch = .on

  var endsBySignal: Bool { true }

  mutating func validate() throws {
    for span in [certificateLifetime, authorityLifetime, etcdCertificateLifetime, etcdInterval].compactMap({ $0 }) {
      _ = try TimeSpan.parse(span)
    }
    for (address, flag) in [
      (webhookAddress, "--webhook-bind-address"), (metricsAddress, "--metrics-bind-address"),
      (healthAddress, "--health-probe-bind-address"),
    ] { _ = try ListenAddress.parse(address, flag: flag) }
    guard runsControllers || servesWebhook else {
      throw ProgramError(.usage, "neither controllers nor webhook are enabled", hint: "leave one of the flags out")
    }
    guard !servesWebhook || !certificateDirectory.isEmpty else {
      throw ProgramError(
        .usage, "a webhook without a certificate", hint: "give --webhook-cert-dir or --enable-webhook=false")
    }
  }

  mutating func run(_ context: CommandContext) async throws {
    let log = connection.log(context)
    for warning in context.warnings { log.warning("\(warning)") }
    var configuration = OperatorConfiguration(namespace: connection.namespace, identity: Self.identity(context.host))
    configuration.electsLeader = electsLeader
    configuration.runsControllers = runsControllers
    configuration.directsPods = placement == .on
    configuration.certificateDirectory = certificateDirectory.isEmpty ? nil : certificateDirectory
    configuration.certificateLifetime = try TimeSpan.parse(certificateLifetime)
    configuration.authorityLifetime = try authorityLifetime.map { text throws in try TimeSpan.parse(text) }
    configuration.etcdCertificateLifetime = try TimeSpan.parse(etcdCertificateLifetime)
    configuration.etcdInterval = try TimeSpan.parse(etcdInterval)
    if servesWebhook {
      configuration.webhook = try ListenAddress.parse(webhookAddress, flag: "--webhook-bind-address")
    }
    configuration.metrics = try ListenAddress.parse(metricsAddress, flag: "--metrics-bind-address")
    configuration.health = try ListenAddress.parse(healthAddress, flag: "--health-probe-bind-address")
    let cluster =
      runsControllers
      ? try ClientConfiguration.resolve(connection.options, sources: context.configurationSources) : nil
    try await Operator(configuration, cluster: cluster, log: log).run()
    log.info("stopped")
  }

  /// Unlike any other replica's, also when a container is restarted.
  private static func identity(_ host: HostFacts) -> String {
    let name = host.environment("POD_NAME").flatMap { $0.isEmpty ? nil : $0 } ?? host.hostName()
    return "\(name)_\(String(UInt64.random(in: 0...UInt64.max), radix: 16))"
  }
}
