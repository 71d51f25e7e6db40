import KubernetesObjects

extension VineyarddSpec {
  /// The use that stores make of TLS when they read from each other.
  public enum PeerTLS: String, CaseIterable, Sendable {
    /// Stores read from each other over TLS only.
    case require
    /// Stores read from each other over TLS where both can.
    case offer
    case off
  }

  /// The use that the stores make of TLS. Stores that see no others need none.
  var peerTLS: PeerTLS {
    guard usesEtcd else { return .off }
    return store.peerTLS.flatMap { PeerTLS(rawValue: $0) } ?? .require
  }

  /// Decides on TLS between stores by those that run already: where the resource does not say it, they keep what they do,
  /// since a change replaces them all; and stores that require it come before or after stores without it only by way of
  /// stores that do both, since those two cannot read from each other, and a rollout has both for a while.
  ///
  /// Call it after `keepMetadata`.
  ///
  /// - Parameter deployment: of the stores; nil where there is none.
  /// - Returns: whether this is only a step, and another one is due when no store of before is left.
  @discardableResult
  public mutating func keepPeerTLS(of deployment: KubernetesObject?) -> Bool {
    guard usesEtcd, let deployment, let present = PeerTLS(of: deployment) else { return false }
    let wanted = store.peerTLS.flatMap { PeerTLS(rawValue: $0) } ?? present
    let isRolledOut = deployment.isObserved && Workload(deployment).updated == Workload(deployment).current
    let isStep =
      switch present {
      case .offer: wanted != .offer && !isRolledOut
      case .require: wanted == .off
      case .off: wanted == .require
      }
    store.peerTLS = (isStep ? .offer : wanted).rawValue
    return isStep
  }

  /// The store's flags about TLS between stores.
  var peerArguments: [String] {
    guard peerTLS != .off else { return [] }
    let directory = Self.peerCertificateDirectory
    return [
      "--peer_tls=\(peerTLS)", "--peer_ca_file=\(directory)/ca.crt", "--peer_cert_file=\(directory)/tls.crt",
      "--peer_key_file=\(directory)/tls.key",
    ]
  }

  /// Directory at which the Secret with the stores' certificate for each other is mounted.
  private static let peerCertificateDirectory = "/etc/vineyard/peer"

  /// The name in the stores' certificate for each other, of which they have one. Stores do not look at it: they find each
  /// other by addresses.
  public var storeHost: String { "\(name)-rpc.\(namespace).svc" }
}

extension VineyarddSpec.PeerTLS {
  /// The use that the stores of a Deployment make of TLS; nil for stores that see no others.
  fileprivate init?(of deployment: KubernetesObject) {
    let containers = deployment.tree["spec", "template", "spec", "containers"]?.array ?? []
    let arguments = containers.flatMap { $0["args"]?.array ?? [] }.compactMap(\.string)
    guard arguments.contains("--meta=etcd") else { return nil }
    let use = arguments.first { $0.hasPrefix("--peer_tls=") }?.dropFirst("--peer_tls=".count)
    self = use.flatMap { Self(rawValue: String($0)) } ?? .off
  }
}
