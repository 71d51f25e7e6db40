/// An admission webhook that the API server could not call, from the words of its error.
///
/// Source: `failed calling webhook "NAME": failed to call webhook: Post "URL": REASON`, as the API server's
/// ErrCallingWebhook says it; URLs of services are `https://SERVICE.NAMESPACE.svc:PORT/PATH`.
public struct WebhookFailure: Sendable, Equatable, CustomStringConvertible {
  /// The webhook's name in its configuration.
  public let name: String
  /// The namespace and name of the service that should answer; nil for a URL elsewhere.
  public let service: (namespace: String, name: String)?
  /// Cause of the failed call.
  public let reason: String

  /// nil for an error that is about something else.
  public init?(_ error: KubernetesError) {
    guard error.httpStatus == 500 else { return nil }
    self.init(message: error.message)
  }

  /// Reads the words of an error.
  public init?(message: String) {
    guard let start = message.firstRange(of: "failed calling webhook \"")?.upperBound else { return nil }
    name = String(message[start...].prefix { $0 != "\"" })
    var rest = message[start...].dropFirst(name.count + 1)
    for words in [": failed to call webhook: ", ": "] where rest.hasPrefix(words) {
      rest = rest.dropFirst(words.count)
      break
    }
    var host: Substring?
    if rest.hasPrefix("Post \"") {
      let url = rest.dropFirst(6).prefix { $0 != "\"" }
      rest = rest.dropFirst(6 + url.count + 1)
      if rest.hasPrefix(": ") { rest = rest.dropFirst(2) }
      host = url.firstRange(of: "://").map { url[$0.upperBound...].prefix { $0 != "/" && $0 != ":" && $0 != "?" } }
    }
    reason = String(rest)
    let parts = (host ?? "").split(separator: ".")
    service = parts.count == 3 && parts[2] == "svc" ? (String(parts[1]), String(parts[0])) : nil
  }

  public static func == (left: WebhookFailure, right: WebhookFailure) -> Bool {
    left.name == right.name && left.reason == right.reason && left.service?.namespace == right.service?.namespace
      && left.service?.name == right.service?.name
  }

  /// Whether it is the webhook of a Vineyard operator, ours or the original's.
  public var isOurs: Bool {
    guard let service else { return Self.ourNames.contains(name) }
    return service.name == "vineyard-webhook-service"
  }

  private static let ourNames = ["mvineyardd.kb.io", "mcsidriver.kb.io", "vvineyardd.kb.io", "vcsidriver.kb.io"]

  /// Whether nothing came back, as when a firewall is in between; a pod that is starting is refused or has no endpoint.
  public var isSilence: Bool {
    ["deadline exceeded", "i/o timeout", "Client.Timeout", "no route to host", "network is unreachable"]
      .contains(where: reason.contains)
  }

  /// `the webhook 'x.example.com' (service team/x) does not answer: connection refused`.
  public var description: String {
    let place = service.map { " (service \($0.namespace)/\($0.name))" } ?? ""
    return "the webhook '\(name)'\(place) does not answer: \(reason)"
  }

  /// Advice for the user.
  public var hint: String {
    guard isOurs else {
      return "it is not one of Vineyard's: have its pods repaired, or its webhook configuration deleted, then try again"
    }
    guard isSilence else {
      return "the operator is not running: 'vineyardctl status' says why, 'vineyardctl deploy operator' repairs it"
    }
    return
      "the network between the API server and the operator's pods drops it: deploy with --webhook.port 10250 (which "
      + "private clusters let through), --webhook.host-network or --webhook=off"
  }
}
