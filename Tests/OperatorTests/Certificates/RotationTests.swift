import SeededRandom
import Support
import Testing

@testable import Operator

@Suite struct RotationTests {
  private let rotation = Rotation(lives: CertificateLives(server: .seconds(1000), authority: .seconds(4000)))

  private func dates(_ authorities: [Validity], server: Validity?, issuer: Int = 0) -> Rotation.Dates {
    Rotation.Dates(authorities: authorities, server: server.map { .init(validity: $0, issuer: issuer) })
  }

  private func step(_ dates: Rotation.Dates?, at seconds: Int64) -> Rotation.Step {
    rotation.step(dates, now: Timestamp(milliseconds: seconds * 1000))
  }

  private let authority = Validity(start: 0, end: 4000)
  private let server = Validity(start: 0, end: 1000)

  @Test func withoutAnythingAllIsMade() {
    #expect(step(nil, at: 5) == .replaceAll)
    #expect(step(dates([], server: nil), at: 5) == .replaceAll)
  }

  @Test func aCertificateIsRenewedAtTwoThirdsOfItsLife() {
    #expect(step(dates([authority], server: server), at: 665) == .wait(until: 666))
    #expect(step(dates([authority], server: server), at: 666) == .renewServer)
  }

  @Test func anUnfitCertificateIsRenewedAtOnce() {
    #expect(step(dates([authority], server: nil), at: 5) == .renewServer)
    #expect(step(dates([authority], server: server, issuer: 3), at: 5) == .renewServer)
    #expect(step(dates([authority], server: Validity(start: 100, end: 1000)), at: 5) == .renewServer)
  }

  @Test func anExpiredAuthorityIsReplacedWithAllThatItSigned() {
    #expect(step(dates([authority], server: server), at: 4001) == .replaceAll)
  }

  @Test func anotherAuthorityIsTrustedAtTwoThirdsOfTheLife() {
    #expect(step(dates([authority], server: Validity(start: 2000, end: 3000)), at: 2666) == .addAuthority)
  }

  @Test func nothingIsSignedByAnAuthorityThatIsNotKnownEverywhere() {
    // Made at 2700, dated back by 400 seconds; changes are known everywhere after 100.
    let newest = Validity(start: 2300, end: 6700)
    let both = dates([newest, authority], server: Validity(start: 2100, end: 3100), issuer: 1)
    #expect(step(both, at: 2799) == .wait(until: 2840))
    #expect(step(both, at: 2840) == .renewServer)
    let due = dates([newest, authority], server: Validity(start: 2000, end: 3000), issuer: 1)
    #expect(step(due, at: 2750) == .wait(until: 2840))
  }

  @Test func anOldAuthorityIsForgottenWhenItHasExpired() {
    let newest = Validity(start: 2300, end: 6700)
    let both = dates([newest, authority], server: Validity(start: 3900, end: 4900))
    #expect(step(both, at: 4000) == .wait(until: 4001))
    #expect(step(both, at: 4001) == .forgetExpired)
  }

  @Test func aCertificateDoesNotOutliveItsAuthority() {
    let made = rotation.server(of: authority, now: Timestamp(milliseconds: 3_500_000))
    #expect(made.end == 4000)
  }

  /// Replicas serve what was stored up to a while ago, API servers trust what was said up to a while ago: at every
  /// second, each pair of them must agree.
  @Test(arguments: 0..<12 as Range<UInt64>)
  func everyPairOfReplicaAndServerAgreesAtAllTimes(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let life = Int64(60 + random.number(below: 2000))
    let lives = CertificateLives(
      server: .seconds(life), authority: .seconds(life * Int64(3 + random.number(below: 8))))
    var world = RotationWorld(rotation: Rotation(lives: lives))
    world.act(at: 0)
    var next: Int64 = 1
    for now in 1..<(lives.authority * 3) {
      if now >= next {
        world.act(at: now)
        // The leader is late now and then: it starts, or the API server is away.
        next = now + 1 + Int64(random.number(below: Int(max(1, lives.server / 12))))
      }
      if let disagreement = world.disagreement(at: now) {
        Issue.record("seed \(seed), second \(now), lives \(lives): \(disagreement)")
        return
      }
    }
    #expect(world.authorityCount > 2 && world.certificateCount > 6)
  }
}

/// What a leader does over time, and what others may have seen of it.
private struct RotationWorld {
  let rotation: Rotation
  private var dates: Rotation.Dates?
  /// The second from which something held, and what.
  private var served: [(since: Int64, validity: Validity, issuer: Validity)] = []
  private var trusted: [(since: Int64, authorities: [Validity])] = []
  private(set) var authorityCount = 0
  private(set) var certificateCount = 0

  init(rotation: Rotation) { self.rotation = rotation }

  mutating func act(at second: Int64) {
    let now = Timestamp(milliseconds: second * 1000)
    while true {
      switch rotation.step(dates, now: now) {
      case .replaceAll:
        let authority = rotation.authority(now: now)
        dates = Rotation.Dates(authorities: [authority], server: nil)
        authorityCount += 1
        sign(now)
      case .addAuthority:
        dates?.authorities.insert(rotation.authority(now: now), at: 0)
        if let issuer = dates?.server?.issuer { dates?.server?.issuer = issuer + 1 }
        authorityCount += 1
      case .renewServer: sign(now)
      case .forgetExpired: dates?.authorities.removeAll { $0.end < second }
      case .wait: break
      }
      if trusted.last?.authorities != dates?.authorities { trusted.append((second, dates?.authorities ?? [])) }
      if case .wait = rotation.step(dates, now: now) { return }
    }
  }

  private mutating func sign(_ now: Timestamp) {
    guard let issuer = dates?.authorities.first else { return }
    let validity = rotation.server(of: issuer, now: now)
    dates?.server = .init(validity: validity, issuer: 0)
    served.append((now.seconds, validity, issuer))
    certificateCount += 1
  }

  func disagreement(at second: Int64) -> String? {
    let lag = rotation.lives.settling - 1
    let now = Timestamp(milliseconds: second * 1000)
    let begin = max(0, second - lag)
    func possible<Element>(_ history: [Element], _ since: (Element) -> Int64) -> ArraySlice<Element> {
      history[(history.lastIndex { since($0) <= begin } ?? 0)...]
    }
    for certificate in possible(served, { $0.since }) {
      guard certificate.validity.contains(now), certificate.issuer.contains(now) else {
        return "a served certificate has expired: \(certificate)"
      }
      for trust in possible(trusted, { $0.since }) where !trust.authorities.contains(certificate.issuer) {
        return "\(certificate) is not trusted by \(trust)"
      }
    }
    return nil
  }
}
