import NIOSSL
import Support

/// Certificates for connections between stores, as files in PEM form. They are read again for every new connection, so
/// that rotated ones come into use without a restart.
public struct PeerTLS: Sendable, Equatable {
  /// The store's certificate with its chain.
  public var certificate: String
  /// Its key.
  public var key: String
  /// Authorities that the certificates of other stores must come from.
  public var authorities: String
  /// Whether bytes travel over TLS only; else stores without it are asked, and served, as they are.
  public var isRequired: Bool

  public init(certificate: String, key: String, authorities: String, isRequired: Bool) {
    self.certificate = certificate
    self.key = key
    self.authorities = authorities
    self.isRequired = isRequired
  }

  /// The beginning of what a reader is told when the fault is not the other store's.
  static let ownFault = "this store's own certificates for TLS cannot be used"

  /// Reads the files; it waits for the disk.
  ///
  /// The names in certificates do not count: stores are found by addresses of their own, and prove which they are.
  ///
  /// - Throws: `ProgramError` when a file cannot be read, or they do not fit together.
  func context(of side: PeerProof.Side) throws(ProgramError) -> NIOSSLContext {
    let (chain, secret) = (try TextFile.read(certificate), try TextFile.read(key))
    let authorities = try TextFile.read(authorities)
    do {
      let certificates = try NIOSSLCertificate.fromPEMBytes(Array(chain.utf8)).map {
        NIOSSLCertificateSource.certificate($0)
      }
      let key = NIOSSLPrivateKeySource.privateKey(try NIOSSLPrivateKey(bytes: Array(secret.utf8), format: .pem))
      let roots = NIOSSLTrustRoots.certificates(try NIOSSLCertificate.fromPEMBytes(Array(authorities.utf8)))
      var configuration: TLSConfiguration
      switch side {
      case .owner:
        configuration = .makeServerConfigurationWithMTLS(
          certificateChain: certificates, privateKey: key, trustRoots: roots)
      case .caller:
        configuration = .makeClientConfiguration()
        configuration.certificateChain = certificates
        configuration.privateKey = key
        configuration.trustRoots = roots
        configuration.certificateVerification = .noHostnameVerification
      }
      configuration.minimumTLSVersion = .tlsv12
      return try NIOSSLContext(configuration: configuration)
    } catch {
      throw ProgramError(
        .failed, "\(certificate), \(key) and \(self.authorities) are no certificates for TLS", cause: "\(error)")
    }
  }
}
