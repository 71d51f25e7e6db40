import Support

/// Lifetimes of certificates.
struct CertificateLives: Sendable, Equatable {
  /// Seconds that the authority is trusted.
  let authority: Int64
  /// Seconds that a server's certificate is valid.
  let server: Int64

  /// - Parameters:
  ///   - server: of a server's certificate; below three seconds counts as three.
  ///   - authority: nil for ten times that.
  init(server: TimeSpan, authority: TimeSpan? = nil) {
    self.server = max(3, Int64(server.seconds))
    // Less would leave a certificate without an authority for a part of its life.
    self.authority = max(3 * self.server, authority.map { Int64($0.seconds) } ?? 10 * self.server)
  }

  /// Seconds by which a certificate begins before it is made, for clocks that are behind.
  static func backdating(_ life: Int64) -> Int64 { min(3600, life / 10) }

  /// Seconds after which every API server and every replica has heard of a change.
  var settling: Int64 { min(600, max(1, server / 10)) }
}
