import EtcdClient
import KubernetesObjects
import Manifests
import Support

/// The certificates of a cluster with etcd: of its members for each other, of its members for clients, one for each
/// client, and one with which stores know each other. Members have authorities of their own, so that no client can be
/// taken for one, and so have stores.
public struct EtcdCertificates: Sendable {
  private var clients: CertificateGroup
  private var peers: CertificateGroup
  private var stores: CertificateGroup
  /// The number of times that authorities have changed, from 1: etcd reads them only when it starts.
  public private(set) var trust: Int

  private static let clientLeaves = ["server", "member", "store", "operator"]
  private static let peerLeaves = ["peer"]
  private static let storeLeaves = ["store-peer"]

  /// Reads the Secret with everything; nil is as good as an empty one. `renew` makes what is missing.
  public init(_ secret: KubernetesObject? = nil) {
    let data = secret?.tree["data"]?.stringFields ?? [:]
    func text(_ key: String) -> String? {
      data[key].flatMap { Base64.decode($0) }.flatMap { String(validating: $0, as: UTF8.self) }
    }
    clients = CertificateGroup("ca", leaves: Self.clientLeaves, text)
    peers = CertificateGroup("peer-ca", leaves: Self.peerLeaves, text)
    stores = CertificateGroup("store-ca", prefix: "vineyard", leaves: Self.storeLeaves, text)
    trust = text("trust").flatMap { Int($0) } ?? 0
  }

  /// Lifetime of certificates that nobody renews until the cluster is deployed again.
  public static let unattended = CertificateLives(server: .seconds(10 * 365 * 86_400))

  /// Makes what is missing or due.
  ///
  /// - Parameters:
  ///   - isTrusted: whether etcd runs with the newest authorities.
  /// - Returns: whether something changed.
  /// - Throws: what issuing throws.
  public mutating func renew(
    for spec: VineyarddSpec, _ lives: CertificateLives = unattended, isTrusted: Bool = false, now: Timestamp = .now()
  ) throws -> Bool {
    let hosts = spec.etcdHosts
    let isSettled = { (group: CertificateGroup) in
      group.newestSince.map { now.seconds >= $0 + lives.settling } ?? true
    }
    let settled = isSettled(clients) && isSettled(peers)
    let leaves = { (names: [String]) in
      names.map { CertificateGroup.Leaf(name: $0, hosts: ["server", "peer"].contains($0) ? hosts : []) }
    }
    let changes = [
      try clients.renew(leaves(Self.clientLeaves), lives, isTrusted: isTrusted && settled, now: now),
      try peers.renew(leaves(Self.peerLeaves), lives, isTrusted: isTrusted && settled, now: now),
    ]
    if changes.contains(where: \.authorities) { trust += 1 }
    // Stores read authorities again for each connection, so they trust the newest once its file has reached them.
    let leaf = CertificateGroup.Leaf(name: Self.storeLeaves[0], hosts: [spec.storeHost])
    let others = try stores.renew([leaf], lives, isTrusted: isSettled(stores), now: now)
    return (changes + [others]).contains { $0.authorities || !$0.leaves.isEmpty }
  }

  /// Puts the certificates into the objects of a cluster.
  ///
  /// - Throws: what encoding certificates throws.
  public func fill(_ objects: inout [KubernetesObject], of spec: VineyarddSpec) throws {
    try objects.setEtcdCertificates(of: spec, trust: trust) { try data(of: $0) }
  }

  private func data(of secret: EtcdSecret) throws -> Value {
    var files: [String: String] = ["ca.crt": try clients.bundle]
    func add(_ leaf: String, _ group: CertificateGroup, as name: String) throws {
      let pair = try group.pair(leaf)
      files["\(name).crt"] = pair.certificate
      files["\(name).key"] = pair.key
    }
    switch secret {
    case .authority:
      files["trust"] = "\(trust)"
      files["ca.key"] = clients.keyText
      files["peer-ca.crt"] = try peers.bundle
      files["peer-ca.key"] = peers.keyText
      files["store-ca.crt"] = try stores.bundle
      files["store-ca.key"] = stores.keyText
      for leaf in Self.clientLeaves { try add(leaf, clients, as: leaf) }
      for leaf in Self.peerLeaves { try add(leaf, peers, as: leaf) }
      for leaf in Self.storeLeaves { try add(leaf, stores, as: leaf) }
    case .server:
      files["peer-ca.crt"] = try peers.bundle
      try add("server", clients, as: "tls")
      try add("member", clients, as: "member")
      try add("peer", peers, as: "peer")
    case .client:
      try add("store", clients, as: "tls")
    case .peer:
      files["ca.crt"] = try stores.bundle
      try add(Self.storeLeaves[0], stores, as: "tls")
    }
    return files.sorted { $0.key < $1.key }.reduce(into: [:]) { data, file in
      data[file.key] = .string(Base64.encode(Array(file.value.utf8)))
    }
  }

  /// The operator's own certificate.
  var operatorTLS: EtcdTLS {
    get throws {
      let pair = try clients.pair("operator")
      return EtcdTLS(.init(authorities: try clients.bundle, certificate: pair.certificate, key: pair.key))
    }
  }

  /// The end of the first certificate that expires, in seconds since 1970.
  var expiry: Int64? { [clients.expiry, peers.expiry, stores.expiry].compactMap { $0 }.min() }

  /// Time at which something is due, in seconds since 1970; while a new authority is yet to be trusted, soon.
  func nextStep(_ lives: CertificateLives, now: Timestamp) -> Int64? {
    let groups = [clients, peers, stores]
    if groups.contains(where: \.isInTransition) { return now.seconds + min(60, lives.settling) }
    return groups.compactMap(\.renewal).min()
  }
}

extension [KubernetesObject] {
  /// Makes certificates for what a `Vineyardd` was rendered to, as its operator would.
  ///
  /// - Throws: what issuing throws.
  public mutating func issueEtcdCertificates(of spec: VineyarddSpec, present: KubernetesObject? = nil) throws {
    guard spec.usesEtcd else { return }
    var certificates = EtcdCertificates(present)
    _ = try certificates.renew(for: spec, isTrusted: true)
    try certificates.fill(&self, of: spec)
  }
}
