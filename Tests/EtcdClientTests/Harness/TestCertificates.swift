import Crypto
import EtcdClient
import FoundationEssentials
import Glibc
import SwiftASN1
import Testing
import X509

/// An authority, and certificates of it for a server on 127.0.0.1 and for a client, as files.
final class TestCertificates: Sendable {
  let directory: String

  init() throws {
    var template = Array("/tmp/certXXXXXX".utf8CString)
    try #require(mkdtemp(&template) != nil)
    directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    try issue()
  }

  deinit {
    for name in ["ca.crt", "server.crt", "server.key", "client.crt", "client.key"] { unlink("\(directory)/\(name)") }
    rmdir(directory)
  }

  /// Makes everything anew: who trusts the old authority does not trust these.
  func issue() throws {
    let key = P256.Signing.PrivateKey()
    let name = try DistinguishedName { CommonName("test authority") }
    let authority = try Self.certificate(
      key, name, by: name, key,
      Certificate.Extensions {
        Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
        Critical(KeyUsage(keyCertSign: true))
      })
    try write("ca.crt", authority.serializeAsPEM().pemString)
    for role in ["server", "client"] {
      let own = P256.Signing.PrivateKey()
      let certificate = try Self.certificate(
        own, try DistinguishedName { CommonName(role) }, by: name, key,
        Certificate.Extensions {
          Critical(BasicConstraints.notCertificateAuthority)
          Critical(KeyUsage(digitalSignature: true))
          try ExtendedKeyUsage([.serverAuth, .clientAuth])
          SubjectAlternativeNames([
            .ipAddress(ASN1OctetString(contentBytes: [127, 0, 0, 1])), .dnsName("localhost"),
          ])
        })
      try write("\(role).crt", certificate.serializeAsPEM().pemString)
      try write("\(role).key", own.pemRepresentation)
    }
  }

  /// What etcd is started with: it demands a client's certificate.
  var flags: [String] {
    [
      "--cert-file", "\(directory)/server.crt", "--key-file", "\(directory)/server.key", "--trusted-ca-file",
      "\(directory)/ca.crt", "--client-cert-auth",
    ]
  }

  var client: EtcdTLS {
    EtcdTLS(
      authorities: "\(directory)/ca.crt",
      identity: .init(certificate: "\(directory)/client.crt", key: "\(directory)/client.key"))
  }

  private static func certificate(
    _ key: P256.Signing.PrivateKey, _ subject: DistinguishedName, by issuer: DistinguishedName,
    _ issuerKey: P256.Signing.PrivateKey, _ extensions: Certificate.Extensions
  ) throws -> Certificate {
    try Certificate(
      version: .v3, serialNumber: .init(), publicKey: .init(key.publicKey), notValidBefore: Date() - 3600,
      notValidAfter: Date() + 3600, issuer: issuer, subject: subject, signatureAlgorithm: .ecdsaWithSHA256,
      extensions: extensions, issuerPrivateKey: .init(issuerKey))
  }

  private func write(_ name: String, _ text: String) throws {
    let file = open("\(directory)/\(name)", O_CREAT | O_WRONLY | O_TRUNC, 0o600)
    try #require(file >= 0)
    defer { close(file) }
    let bytes = Array(text.utf8)
    try #require(Glibc.write(file, bytes, bytes.count) == bytes.count)
  }
}
