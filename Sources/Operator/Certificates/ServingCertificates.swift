import Crypto
import KubernetesObjects
import Support
import X509

/// The webhook's certificate, its key, and whom to trust: what is kept in the Secret.
struct ServingCertificates: Sendable {
  /// Newest first.
  private(set) var authorities: [Certificate]
  /// The key of the newest authority.
  private var authorityKey: P256.Signing.PrivateKey
  private var server: (certificate: Certificate, key: P256.Signing.PrivateKey)?

  /// Makes everything anew.
  init(names: [String], _ rotation: Rotation, now: Timestamp) throws {
    authorityKey = P256.Signing.PrivateKey()
    authorities = [try .authority(authorityKey, rotation.authority(now: now))]
    try renewServer(names: names, rotation, now: now)
  }

  /// Reads the data of the Secret.
  ///
  /// - Parameter names: what the server's certificate must be for; another one does not count.
  /// - Returns: nil when it has no authority that can sign.
  init?(_ secret: KubernetesObject, names: [String]) {
    let data = secret.tree["data"]?.stringFields ?? [:]
    func text(_ key: String) -> String? {
      data[key].flatMap { Base64.decode($0) }.flatMap { String(validating: $0, as: UTF8.self) }
    }
    authorities = Certificate.all(inPEM: text("ca.crt") ?? "")
    guard let pem = text("ca.key"), let key = try? P256.Signing.PrivateKey(pemRepresentation: pem),
      let newest = authorities.first, newest.publicKey == Certificate.PublicKey(key.publicKey)
    else { return nil }
    authorityKey = key
    guard let certificate = Certificate.all(inPEM: text("tls.crt") ?? "").first, let pem = text("tls.key"),
      let key = try? P256.Signing.PrivateKey(pemRepresentation: pem),
      certificate.publicKey == Certificate.PublicKey(key.publicKey), Set(names).isSubset(of: certificate.names)
    else { return }
    server = (certificate, key)
  }

  mutating func addAuthority(_ rotation: Rotation, now: Timestamp) throws {
    authorityKey = P256.Signing.PrivateKey()
    authorities.insert(try .authority(authorityKey, rotation.authority(now: now)), at: 0)
  }

  mutating func renewServer(names: [String], _ rotation: Rotation, now: Timestamp) throws {
    let key = P256.Signing.PrivateKey()
    let validity = rotation.server(of: authorities[0].validity, now: now)
    server = (try .server(key, names: names, validity, by: authorities[0], authorityKey), key)
  }

  mutating func forgetExpired(now: Timestamp) { authorities.removeAll { $0.validity.end < now.seconds } }

  var dates: Rotation.Dates {
    var dates = Rotation.Dates(authorities: authorities.map(\.validity))
    if let server, let issuer = authorities.firstIndex(where: { $0.hasSigned(server.certificate) }) {
      dates.server = .init(validity: server.certificate.validity, issuer: issuer)
    }
    return dates
  }

  /// The data of the Secret.
  var data: Value {
    get throws {
      var data: Value = [
        "ca.crt": .string(Base64.encode(try bundle.utf8)),
        "ca.key": .string(Base64.encode("\(authorityKey.pemRepresentation)\n".utf8)),
      ]
      if let server {
        data["tls.crt"] = .string(Base64.encode(try server.certificate.pem.utf8))
        data["tls.key"] = .string(Base64.encode("\(server.key.pemRepresentation)\n".utf8))
      }
      return data
    }
  }

  /// All authorities, newest first, as PEM.
  var bundle: String { get throws { try authorities.map { try $0.pem }.joined() } }
}
