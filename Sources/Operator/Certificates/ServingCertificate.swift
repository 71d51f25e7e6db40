import Support

/// A certificate that a server shows, and who vouches for it.
struct ServingCertificate: Sendable, Equatable {
  /// PEM.
  var certificate: String
  /// PEM, PKCS #8.
  var key: String
  /// PEM certificates of authorities to trust, the one that signed this certificate first.
  var authorities: [String]
  var names: Set<String>
  var notBefore: Timestamp
  var notAfter: Timestamp

  /// When it is to be replaced: after two thirds of its life.
  var renewal: Timestamp {
    Timestamp(milliseconds: notBefore.milliseconds + (notAfter.milliseconds - notBefore.milliseconds) / 3 * 2)
  }

  /// Whether it can go on being used.
  func serves(_ names: Set<String>, at now: Timestamp) -> Bool {
    names.isSubset(of: self.names) && now.milliseconds >= notBefore.milliseconds
      && now.milliseconds < renewal.milliseconds
  }

  /// The authorities as the API server wants them.
  var bundle: String { authorities.joined() }
}
