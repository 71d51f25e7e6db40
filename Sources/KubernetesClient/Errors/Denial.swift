/// The cause of a refusal, which the API server's message tells and its status code does not.
///
/// Source: the messages of RBAC, of the admission plugins PodSecurity, ResourceQuota, LimitRanger, NamespaceLifecycle and
/// ValidatingAdmissionPolicy, of webhooks, and of OpenShift's SecurityContextConstraint.
public enum Denial: Sendable, Equatable {
  /// The user has no role that allows it.
  case role
  /// The user would give more rights than the user has.
  case escalation
  case podSecurity
  case quota
  case limitRange
  case securityContextConstraints
  /// A policy or a webhook of somebody else, by name.
  case policy(String)
  case endingNamespace
  case other

  /// Reads the message of a refusal.
  public init(_ message: String) {
    let markers: [(String, Denial)] = [
      ("violates PodSecurity", .podSecurity), ("exceeded quota", .quota), ("failed quota", .quota),
      ("because it is being terminated", .endingNamespace),
      ("unable to validate against any security context constraint", .securityContextConstraints),
      ("attempting to grant RBAC permissions not currently held", .escalation),
    ]
    if let (_, denial) = markers.first(where: { message.contains($0.0) }) {
      self = denial
    } else if let name = Self.quoted(after: "admission webhook ", in: message)
      ?? Self.quoted(after: "ValidatingAdmissionPolicy ", in: message)
    {
      self = .policy(name)
    } else if Self.limitMarkers.contains(where: message.contains) {
      self = .limitRange
    } else if message.contains(" cannot ") && message.contains("User ") {
      self = .role
    } else {
      self = .other
    }
  }

  private static let limitMarkers = [
    "usage per Container is", "usage per Pod is", "limit to request ratio per", "memory limit to request ratio",
    "no memory limit is specified", "No limit is specified", "No request is specified",
  ]

  /// Advice for the user; nil when nothing general can be said.
  public var hint: String? {
    switch self {
    case .role, .other: "ask the cluster's administrator for a role that allows it"
    case .escalation: "only somebody who holds these rights may grant them: deploy as an administrator of the cluster"
    case .podSecurity:
      "the stores use a directory of their node: label the namespace with pod-security.kubernetes.io/enforce=privileged"
    case .quota:
      "raise the quota ('kubectl describe quota' shows it), or ask for less with a smaller size or fewer replicas"
    case .limitRange: "change the LimitRange ('kubectl describe limitrange'), or set memory and cpu within its bounds"
    case .securityContextConstraints:
      "an administrator has to let the accounts use a constraint: deploy again as one, which binds what is needed"
    case .policy(let name): "the policy '\(name)' of this cluster forbids it: ask whoever runs it for an exception"
    case .endingNamespace: "wait until the namespace is gone, then try again"
    }
  }

  /// The text between the double or single quotes that follow some words.
  private static func quoted(after words: String, in message: String) -> String? {
    guard let start = message.firstRange(of: words)?.upperBound else { return nil }
    let rest = message[start...]
    guard let quote = rest.first, quote == "\"" || quote == "'" else { return nil }
    let name = rest.dropFirst().prefix { $0 != quote }
    return name.isEmpty ? nil : String(name)
  }
}
