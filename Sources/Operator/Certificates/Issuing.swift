import Crypto
// X509 takes and gives dates as Foundation's type; they go no further than this file.
import FoundationEssentials
import Support
import SwiftASN1
import X509

/// The name that all authorities of the webhook begin with.
let authorityName = "vineyard-webhook-ca"

extension Certificate {
  /// An authority that signs itself.
  static func authority(
    _ key: P256.Signing.PrivateKey, _ validity: Validity, named text: String = authorityName
  ) throws -> Certificate {
    // The number keeps authorities apart for programs that look for an issuer by its name.
    let name = try DistinguishedName { CommonName("\(text)@\(validity.start)") }
    let publicKey = PublicKey(key.publicKey)
    return try Certificate(
      version: .v3, serialNumber: SerialNumber(), publicKey: publicKey, notValidBefore: Date(validity.start),
      notValidAfter: Date(validity.end), issuer: name, subject: name, signatureAlgorithm: .ecdsaWithSHA256,
      extensions: try Extensions {
        Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
        Critical(KeyUsage(keyCertSign: true, cRLSign: true))
        SubjectKeyIdentifier(hash: publicKey)
      }, issuerPrivateKey: PrivateKey(key))
  }

  /// A server's certificate.
  ///
  /// - Parameter names: DNS names, at least one.
  static func server(
    _ key: P256.Signing.PrivateKey, names: [String], _ validity: Validity, by issuer: Certificate,
    _ issuerKey: P256.Signing.PrivateKey
  ) throws -> Certificate {
    try Certificate(
      version: .v3, serialNumber: SerialNumber(), publicKey: PublicKey(key.publicKey),
      notValidBefore: Date(validity.start), notValidAfter: Date(validity.end), issuer: issuer.subject,
      // No host: a common name has 64 characters at most (RFC 5280, appendix A), these names may have more.
      subject: try DistinguishedName { CommonName("vineyard-webhook") }, signatureAlgorithm: .ecdsaWithSHA256,
      extensions: try Extensions {
        Critical(BasicConstraints.notCertificateAuthority)
        Critical(KeyUsage(digitalSignature: true))
        try ExtendedKeyUsage([.serverAuth])
        AuthorityKeyIdentifier(keyIdentifier: SubjectKeyIdentifier(hash: issuer.publicKey).keyIdentifier)
        SubjectAlternativeNames(names.map { .dnsName($0) })
      }, issuerPrivateKey: PrivateKey(issuerKey))
  }

  /// A certificate of a client, which may be a server, too.
  ///
  /// - Parameters:
  ///   - subject: the name of whoever it is for.
  ///   - names: DNS names of a server; none for a client only.
  static func leaf(
    _ key: P256.Signing.PrivateKey, subject: String, names: [String], _ validity: Validity, by issuer: Certificate,
    _ issuerKey: P256.Signing.PrivateKey
  ) throws -> Certificate {
    var extensions = try Extensions {
      Critical(BasicConstraints.notCertificateAuthority)
      Critical(KeyUsage(digitalSignature: true))
      try ExtendedKeyUsage(names.isEmpty ? [.clientAuth] : [.serverAuth, .clientAuth])
      AuthorityKeyIdentifier(keyIdentifier: SubjectKeyIdentifier(hash: issuer.publicKey).keyIdentifier)
    }
    if !names.isEmpty {
      try extensions.append(.init(SubjectAlternativeNames(names.map { .dnsName($0) }), critical: false))
    }
    return try Certificate(
      version: .v3, serialNumber: SerialNumber(), publicKey: PublicKey(key.publicKey),
      notValidBefore: Date(validity.start), notValidAfter: Date(validity.end), issuer: issuer.subject,
      subject: try DistinguishedName { CommonName(subject) }, signatureAlgorithm: .ecdsaWithSHA256,
      extensions: extensions, issuerPrivateKey: PrivateKey(issuerKey))
  }

  /// Whether this authority has signed a certificate.
  func hasSigned(_ other: Certificate) -> Bool {
    other.issuer == subject && publicKey.isValidSignature(other.signature, for: other)
  }

  var validity: Validity {
    Validity(start: notValidBefore.seconds, end: notValidAfter.seconds)
  }

  /// The DNS names it is for.
  var names: [String] {
    let alternatives = (try? extensions.subjectAlternativeNames) ?? nil
    return (alternatives ?? SubjectAlternativeNames()).compactMap { name in
      if case .dnsName(let name) = name { name } else { nil }
    }
  }

  var pem: String { get throws { try serializeAsPEM().pemString + "\n" } }

  /// The certificates in a text; what is none of them is left out.
  static func all(inPEM text: String) -> [Certificate] {
    let documents = (try? PEMDocument.parseMultiple(pemString: text)) ?? []
    return documents.compactMap { try? Certificate(pemDocument: $0) }
  }
}

extension Date {
  fileprivate init(_ seconds: Int64) { self.init(timeIntervalSince1970: Double(seconds)) }

  fileprivate var seconds: Int64 {
    // No date that X.509 can write comes near the limits, but this must not be what ends the program.
    Int64(max(-1e12, min(1e12, timeIntervalSince1970)))
  }
}
