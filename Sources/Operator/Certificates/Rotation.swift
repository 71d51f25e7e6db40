import Support

/// Decides when certificates are made and forgotten, from nothing but the time and their dates.
///
/// A new authority is trusted for a while before anything is signed by it, and an old one for as long as it is valid.
/// So whichever certificate a replica still serves, and whichever bundle an API server still uses, they fit.
struct Rotation: Sendable {
  let lives: CertificateLives

  /// Validities of the existing certificates.
  struct Dates: Sendable, Equatable {
    /// Newest first; only that one can sign.
    var authorities: [Validity]
    /// The server's certificate; nil when it is missing or unfit.
    var server: Server?

    struct Server: Sendable, Equatable {
      var validity: Validity
      /// The index of the authority that signed it.
      var issuer: Int
    }
  }

  enum Step: Sendable, Equatable {
    /// Nothing can be used: begin anew.
    case replaceAll
    /// Let another authority be trusted.
    case addAuthority
    /// Sign a new certificate of the server by the newest authority.
    case renewServer
    /// Stop trusting authorities that have expired.
    case forgetExpired
    /// Nothing is to be done before then, in seconds since 1970.
    case wait(until: Int64)
  }

  /// - Parameter dates: nil when there is no authority that can sign.
  func step(_ dates: Dates?, now: Timestamp) -> Step {
    guard let dates, let newest = dates.authorities.first, newest.contains(now) else { return .replaceAll }
    if now.seconds >= newest.renewal { return .addAuthority }
    guard let server = dates.server, server.validity.contains(now),
      dates.authorities.indices.contains(server.issuer), dates.authorities[server.issuer].contains(now)
    else { return .renewServer }
    if dates.authorities.contains(where: { $0.end < now.seconds }) { return .forgetExpired }
    var renewal = server.validity.renewal
    if server.issuer != 0 {
      // The newest authority was made with the dates backdated; it must have been trusted for a while since then.
      let trusted = newest.start + CertificateLives.backdating(newest.end - newest.start) + lives.settling
      renewal = max(renewal, min(trusted, server.validity.end - lives.settling))
    }
    if now.seconds >= renewal { return .renewServer }
    let expiries = dates.authorities.map { $0.end + 1 }
    return .wait(until: ([renewal, newest.renewal] + expiries).min() ?? renewal)
  }

  /// The dates of an authority made now.
  func authority(now: Timestamp) -> Validity { Self.validity(lives.authority, now) }

  /// The dates of a server's certificate made now; it must not outlive its authority.
  func server(of authority: Validity, now: Timestamp) -> Validity {
    let wanted = Self.validity(lives.server, now)
    return Validity(start: max(wanted.start, authority.start), end: min(wanted.end, authority.end))
  }

  private static func validity(_ life: Int64, _ now: Timestamp) -> Validity {
    Validity(start: now.seconds - CertificateLives.backdating(life), end: now.seconds + life)
  }
}

/// Lifetimes of certificates.
public struct CertificateLives: Sendable, Equatable {
  /// Seconds that the authority is trusted.
  let authority: Int64
  /// Seconds that a server's certificate is valid.
  let server: Int64

  /// - Parameters:
  ///   - server: of a server's certificate; below three seconds counts as three.
  ///   - authority: nil for ten times that.
  public init(server: TimeSpan, authority: TimeSpan? = nil) {
    self.server = max(3, Int64(server.seconds))
    // Less would leave a certificate without an authority for a part of its life.
    self.authority = max(3 * self.server, authority.map { Int64($0.seconds) } ?? 10 * self.server)
  }

  /// Seconds by which a certificate begins before it is made, for clocks that are behind.
  static func backdating(_ life: Int64) -> Int64 { min(3600, life / 10) }

  /// Seconds after which every API server and every replica has heard of a change.
  var settling: Int64 { min(600, max(1, server / 10)) }
}

/// From when to when a certificate is good, in seconds since 1970, which is as fine as X.509 writes it.
struct Validity: Sendable, Equatable {
  let start: Int64
  /// The last second.
  let end: Int64

  func contains(_ now: Timestamp) -> Bool { (start...max(start, end)).contains(now.seconds) }

  /// Time at which a successor is due: two thirds of the life.
  var renewal: Int64 { start + (end - start) * 2 / 3 }
}

extension Timestamp {
  /// Whole seconds since 1970.
  var seconds: Int64 { milliseconds / 1000 }
}
