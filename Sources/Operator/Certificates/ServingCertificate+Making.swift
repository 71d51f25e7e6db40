import Crypto
// Only for the dates in the interface of X509.
import FoundationEssentials
import Support
import SwiftASN1
import X509

extension ServingCertificate {
  /// Makes a certificate, and an authority for it alone whose key is forgotten at once.
  ///
  /// - Parameters:
  ///   - names: DNS names.
  ///   - old: the certificate it replaces; its authorities stay trusted as long as they are valid, so that servers may
  ///     change over one after the other.
  static func make(
    names: Set<String>, lifetime: TimeSpan, after old: ServingCertificate?, now: Timestamp
  ) throws -> ServingCertificate {
    // Clocks of nodes differ a little.
    let begin = Date(timeIntervalSince1970: Double(now.milliseconds) / 1000)
    let end = begin.addingTimeInterval(lifetime.seconds)
    let tolerant = begin.addingTimeInterval(-min(300, lifetime.seconds))
    let authorityKey = Certificate.PrivateKey(P256.Signing.PrivateKey())
    let authorityID = SubjectKeyIdentifier(hash: authorityKey.publicKey)
    let authorityName = try DistinguishedName {
      CommonName("vineyard-webhook-ca")
      OrganizationName("vineyard")
    }
    let authority = try Certificate(
      version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: authorityKey.publicKey,
      notValidBefore: tolerant, notValidAfter: end, issuer: authorityName, subject: authorityName,
      extensions: try Certificate.Extensions {
        Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
        Critical(KeyUsage(keyCertSign: true))
        authorityID
      },
      issuerPrivateKey: authorityKey)
    let key = P256.Signing.PrivateKey()
    let sorted = names.sorted()
    let leaf = try Certificate(
      version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: Certificate.PublicKey(key.publicKey),
      notValidBefore: tolerant, notValidAfter: end, issuer: authorityName,
      subject: try DistinguishedName { CommonName("vineyard-webhook") },
      extensions: try Certificate.Extensions {
        Critical(BasicConstraints.notCertificateAuthority)
        Critical(KeyUsage(digitalSignature: true))
        try ExtendedKeyUsage([.serverAuth])
        AuthorityKeyIdentifier(keyIdentifier: authorityID.keyIdentifier)
        SubjectAlternativeNames(sorted.map { .dnsName($0) })
      },
      issuerPrivateKey: authorityKey)
    let trusted = (old?.authorities ?? []).filter { isValid($0, at: begin) }.prefix(2)
    return ServingCertificate(
      certificate: try leaf.serializeAsPEM().pemString + "\n", key: key.pemRepresentation + "\n",
      authorities: [try authority.serializeAsPEM().pemString + "\n"] + trusted, names: names,
      notBefore: now, notAfter: Timestamp(end))
  }

  /// Reads a certificate, its key and the authorities.
  ///
  /// - Returns: nil when they are not readable, or do not belong together.
  init?(certificate: String, key: String, authorities: String) {
    guard let leaf = try? Certificate(pemEncoded: certificate),
      let privateKey = try? P256.Signing.PrivateKey(pemRepresentation: key),
      leaf.publicKey == Certificate.PublicKey(privateKey.publicKey),
      let trusted = try? PEMDocument.parseMultiple(pemString: authorities), !trusted.isEmpty,
      let alternatives = try? leaf.extensions.subjectAlternativeNames
    else { return nil }
    self.certificate = certificate
    self.key = key
    self.authorities = trusted.map { $0.pemString + "\n" }
    names = Set(
      alternatives.compactMap { name in
        if case .dnsName(let text) = name { text } else { nil }
      })
    notBefore = Timestamp(leaf.notValidBefore)
    notAfter = Timestamp(leaf.notValidAfter)
  }

  private static func isValid(_ authority: String, at now: Date) -> Bool {
    (try? Certificate(pemEncoded: authority)).map { $0.notValidAfter > now } ?? false
  }
}

extension Timestamp {
  fileprivate init(_ date: Date) { self.init(milliseconds: Int64(date.timeIntervalSince1970 * 1000)) }
}
