import Crypto
import KubernetesObjects
import Support
import X509

/// Authorities that some parties trust, and the certificates that the newest of them has signed.
struct CertificateGroup: Sendable {
  /// A certificate that is wanted.
  struct Leaf: Sendable {
    /// Name in files and in the certificate's subject: `server`.
    let name: String
    /// DNS names of a server; none for whoever is a client only.
    let hosts: [String]
  }

  private struct Entry: Sendable {
    let certificate: Certificate
    let key: P256.Signing.PrivateKey
  }

  /// `ca`, or `peer-ca`: the name of the authorities in files.
  let name: String
  /// The beginning of all names in subjects.
  private let prefix: String
  /// Newest first.
  private(set) var authorities: [Certificate] = []
  /// The key of the newest authority.
  private var authorityKey: P256.Signing.PrivateKey?
  private var leaves: [String: Entry] = [:]

  /// Reads what files hold; what does not fit together is left out.
  init(_ name: String, prefix: String = "vineyard-etcd", leaves names: [String], _ text: (String) -> String?) {
    self.name = name
    self.prefix = prefix
    authorities = Certificate.all(inPEM: text("\(name).crt") ?? "")
    if let pem = text("\(name).key"), let key = try? P256.Signing.PrivateKey(pemRepresentation: pem),
      authorities.first?.publicKey == Certificate.PublicKey(key.publicKey)
    {
      authorityKey = key
    }
    for leaf in names {
      guard let certificate = Certificate.all(inPEM: text("\(leaf).crt") ?? "").first, let pem = text("\(leaf).key"),
        let key = try? P256.Signing.PrivateKey(pemRepresentation: pem),
        certificate.publicKey == Certificate.PublicKey(key.publicKey)
      else { continue }
      leaves[leaf] = Entry(certificate: certificate, key: key)
    }
  }

  /// Changes that were made.
  struct Changes: Sendable, Equatable {
    var authorities = false
    var leaves: [String] = []
  }

  /// Makes what is missing or due: authorities and certificates are renewed after two thirds of their lives.
  ///
  /// - Parameter isTrusted: whether everybody who has to trust the newest authority does. Before, nothing is signed by it
  ///   that can wait.
  mutating func renew(
    _ wanted: [Leaf], _ lives: CertificateLives, isTrusted: Bool, now: Timestamp
  ) throws -> Changes {
    var changes = Changes()
    let rotation = Rotation(lives: lives)
    let newest = authorities.first?.validity
    if authorityKey == nil || newest?.contains(now) != true {
      // Nothing of the old can be signed or trusted any more.
      (authorities, leaves) = ([], [:])
      try addAuthority(rotation, now)
      changes.authorities = true
    } else if let newest, now.seconds >= newest.renewal {
      try addAuthority(rotation, now)
      changes.authorities = true
    }
    for leaf in wanted where isDue(leaf, isTrusted: isTrusted && !changes.authorities, now) {
      try issue(leaf, rotation, now)
      changes.leaves.append(leaf.name)
    }
    let expired = authorities.filter { $0.validity.end < now.seconds }
    if !expired.isEmpty { authorities.removeAll { $0.validity.end < now.seconds } }
    return changes
  }

  private mutating func addAuthority(_ rotation: Rotation, _ now: Timestamp) throws {
    let key = P256.Signing.PrivateKey()
    authorities.insert(
      try .authority(key, rotation.authority(now: now), named: "\(prefix)-\(name)"), at: 0)
    authorityKey = key
  }

  private func isDue(_ leaf: Leaf, isTrusted: Bool, _ now: Timestamp) -> Bool {
    guard let certificate = leaves[leaf.name]?.certificate, Set(leaf.hosts).isSubset(of: certificate.names),
      let issuer = authorities.firstIndex(where: { $0.hasSigned(certificate) }),
      authorities[issuer].validity.contains(now)
    else { return true }
    let validity = certificate.validity
    guard validity.contains(now) else { return true }
    if issuer == 0 { return now.seconds >= validity.renewal }
    // Signed by a former authority: soon by the newest, and in any case before it expires.
    return isTrusted || now.seconds >= validity.end - (validity.end - validity.start) / 10
  }

  private mutating func issue(_ leaf: Leaf, _ rotation: Rotation, _ now: Timestamp) throws {
    guard let authorityKey, let authority = authorities.first else { return }
    let key = P256.Signing.PrivateKey()
    let certificate = try Certificate.leaf(
      key, subject: "\(prefix)-\(leaf.name)", names: leaf.hosts, rotation.server(of: authority.validity, now: now),
      by: authority, authorityKey)
    leaves[leaf.name] = Entry(certificate: certificate, key: key)
  }

  // MARK: - Contents

  /// All authorities, newest first, as PEM.
  var bundle: String { get throws { try authorities.map { try $0.pem }.joined() } }

  /// The key of the newest authority, as PEM.
  var keyText: String { authorityKey.map { "\($0.pemRepresentation)\n" } ?? "" }

  /// A certificate and its key, as PEM.
  func pair(_ leaf: String) throws -> (certificate: String, key: String) {
    guard let entry = leaves[leaf] else { return ("", "") }
    return (try entry.certificate.pem, "\(entry.key.pemRepresentation)\n")
  }

  /// The end of the first certificate that expires, in seconds since 1970.
  var expiry: Int64? { leaves.values.map { $0.certificate.validity.end }.min() }

  /// Time at which something is due by itself, in seconds since 1970.
  var renewal: Int64? {
    (leaves.values.map { $0.certificate.validity.renewal } + (authorities.first.map { [$0.validity.renewal] } ?? []))
      .min()
  }

  /// Time since which the newest authority exists, in seconds since 1970.
  var newestSince: Int64? {
    guard let validity = authorities.first?.validity else { return nil }
    return validity.start + CertificateLives.backdating(validity.end - validity.start)
  }

  /// Whether something is signed by an authority that is not the newest.
  var isInTransition: Bool {
    guard let newest = authorities.first else { return false }
    return leaves.values.contains { !newest.hasSigned($0.certificate) }
  }
}
