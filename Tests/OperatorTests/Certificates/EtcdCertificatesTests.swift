import KubernetesObjects
import Manifests
import Support
import Testing
import X509

@testable import Operator

/// The certificates of a cluster's etcd over the years.
@Suite struct EtcdCertificatesTests {
  private static let day: Int64 = 86_400
  private static let lives = CertificateLives(server: .seconds(365 * day))
  private static let start = Timestamp(milliseconds: 1_800_000_000_000)

  private static func after(days: Int64) -> Timestamp {
    Timestamp(milliseconds: start.milliseconds + days * day * 1000)
  }

  private var spec: VineyarddSpec {
    var spec = VineyarddSpec()
    spec.etcdReplicas = 3
    return spec
  }

  /// What is in a Secret after the certificates were put in, by file.
  private func files(_ certificates: EtcdCertificates, _ secret: EtcdSecret) throws -> [String: String] {
    var objects = try Manifests.vineyardd(spec, uid: nil, controlledByOperator: false)
    try certificates.fill(&objects, of: spec)
    let reference = secret.reference(spec)
    let data = try #require(objects.first { $0.reference == reference }?.tree["data"]?.stringFields)
    return data.mapValues { String(decoding: Base64.decode($0) ?? [], as: UTF8.self) }
  }

  private func secret(_ certificates: EtcdCertificates) throws -> KubernetesObject {
    var objects = try Manifests.vineyardd(spec, uid: nil, controlledByOperator: false)
    try certificates.fill(&objects, of: spec)
    let reference = EtcdSecret.authority.reference(spec)
    return try #require(objects.first { $0.reference == reference })
  }

  private func certificate(_ text: String?) throws -> Certificate {
    try #require(Certificate.all(inPEM: text ?? "").first)
  }

  @Test func `given nothing, then each role gets what it needs and clients cannot pass for members`() throws {
    var certificates = EtcdCertificates()
    #expect(try certificates.renew(for: spec, Self.lives, now: Self.start))
    #expect(certificates.trust == 1)
    let server = try files(certificates, .server)
    let client = try files(certificates, .client)
    #expect(
      server.keys.sorted() == [
        "ca.crt", "member.crt", "member.key", "peer-ca.crt", "peer.crt", "peer.key", "tls.crt", "tls.key",
      ])
    #expect(client.keys.sorted() == ["ca.crt", "tls.crt", "tls.key"])
    let (clients, peers) = (try certificate(server["ca.crt"]), try certificate(server["peer-ca.crt"]))
    #expect(try clients.hasSigned(certificate(server["tls.crt"])) && clients.hasSigned(certificate(client["tls.crt"])))
    #expect(try peers.hasSigned(certificate(server["peer.crt"])) && !peers.hasSigned(certificate(client["tls.crt"])))
    #expect(
      try certificate(server["tls.crt"]).names.contains(
        "vineyardd-sample-etcd-2.vineyardd-sample-etcd.vineyard-system.svc"))
    #expect(try certificate(client["tls.crt"]).names.isEmpty)
  }

  @Test func `stores show each other certificates of an authority of their own, as clients and as servers`() throws {
    var certificates = EtcdCertificates()
    _ = try certificates.renew(for: spec, Self.lives, now: Self.start)
    let peer = try files(certificates, .peer)
    #expect(peer.keys.sorted() == ["ca.crt", "tls.crt", "tls.key"])
    let certificate = try certificate(peer["tls.crt"])
    #expect(try self.certificate(peer["ca.crt"]).hasSigned(certificate))
    #expect(certificate.names == ["vineyardd-sample-rpc.vineyard-system.svc"])
    #expect(
      try certificate.extensions.extendedKeyUsage.map { $0.contains(.clientAuth) && $0.contains(.serverAuth) } == true)
    for secret in [EtcdSecret.client, .server] {
      #expect(try !self.certificate(files(certificates, secret)["ca.crt"]).hasSigned(certificate))
    }
  }

  @Test func `given a Secret of an earlier release, then stores get certificates and members are not restarted`() throws
  {
    var certificates = EtcdCertificates()
    _ = try certificates.renew(for: spec, Self.lives, now: Self.start)
    var earlier = try secret(certificates)
    for file in ["store-ca.crt", "store-ca.key", "store-peer.crt", "store-peer.key"] {
      earlier.tree["data", file] = nil
    }
    var read = EtcdCertificates(earlier)
    #expect(try read.renew(for: spec, Self.lives, isTrusted: true, now: Self.after(days: 1)))
    #expect(read.trust == 1)
    #expect(try files(read, .server) == files(certificates, .server))
    #expect(try files(read, .client) == files(certificates, .client))
    #expect(try self.certificate(files(read, .peer)["ca.crt"]).hasSigned(certificate(files(read, .peer)["tls.crt"])))
  }

  @Test func `a new authority of the stores reaches all before it signs, and no member restarts for it`() throws {
    var certificates = EtcdCertificates()
    _ = try certificates.renew(for: spec, Self.lives, now: Self.start)
    for days in stride(from: Int64(245), to: 2400, by: 245) {
      _ = try certificates.renew(for: spec, Self.lives, isTrusted: true, now: Self.after(days: days))
    }
    let before = try files(certificates, .peer)
    let due = Self.after(days: 2440)
    _ = try certificates.renew(for: spec, Self.lives, isTrusted: false, now: due)
    let between = try files(certificates, .peer)
    #expect(Certificate.all(inPEM: between["ca.crt"] ?? "").count == 2 && between["tls.crt"] == before["tls.crt"])
    // Etcd still runs with the old ones; stores have read the new ones by now.
    let hour = Timestamp(milliseconds: due.milliseconds + 3_600_000)
    #expect(try certificates.renew(for: spec, Self.lives, isTrusted: false, now: hour))
    let after = try files(certificates, .peer)
    #expect(try certificate(after["ca.crt"]).hasSigned(certificate(after["tls.crt"])))
    #expect(after["ca.crt"] == between["ca.crt"] && certificates.trust == 2)
  }

  @Test func `given a Secret, then what is in it goes on, and a member more gets a certificate of the same authority`()
    throws
  {
    var certificates = EtcdCertificates()
    _ = try certificates.renew(for: spec, Self.lives, now: Self.start)
    var read = EtcdCertificates(try secret(certificates))
    #expect(try !read.renew(for: spec, Self.lives, isTrusted: true, now: Self.after(days: 1)))
    #expect(try files(read, .authority) == files(certificates, .authority))
    var more = spec
    more.etcdReplicas = 5
    #expect(try read.renew(for: more, Self.lives, isTrusted: true, now: Self.after(days: 1)))
    #expect(read.trust == 1)
    #expect(try files(read, .authority)["ca.crt"] == files(certificates, .authority)["ca.crt"])
    #expect(try files(read, .client) == files(certificates, .client), "only servers have names")
  }

  @Test func `given two thirds of a life, then certificates are renewed and authorities stay`() throws {
    var certificates = EtcdCertificates()
    _ = try certificates.renew(for: spec, Self.lives, now: Self.start)
    let before = try files(certificates, .client)
    #expect(try !certificates.renew(for: spec, Self.lives, isTrusted: true, now: Self.after(days: 242)))
    #expect(try certificates.renew(for: spec, Self.lives, isTrusted: true, now: Self.after(days: 245)))
    let after = try files(certificates, .client)
    #expect(after["ca.crt"] == before["ca.crt"] && after["tls.crt"] != before["tls.crt"] && certificates.trust == 1)
  }

  @Test func `given an authority that grows old, then the next is trusted everywhere before it signs`() throws {
    var certificates = EtcdCertificates()
    // Certificates that are renewed shortly before, so that they outlive the change.
    _ = try certificates.renew(for: spec, Self.lives, now: Self.start)
    for days in stride(from: Int64(245), to: 2400, by: 245) {
      _ = try certificates.renew(for: spec, Self.lives, isTrusted: true, now: Self.after(days: days))
    }
    let before = try files(certificates, .server)
    let due = Self.after(days: 2440)
    _ = try certificates.renew(for: spec, Self.lives, isTrusted: true, now: due)
    let between = try files(certificates, .server)
    #expect(certificates.trust == 2)
    #expect(Certificate.all(inPEM: between["ca.crt"] ?? "").count == 2)
    #expect(between["tls.crt"] == before["tls.crt"], "members do not trust the next authority yet")
    let hour = Timestamp(milliseconds: due.milliseconds + 3_600_000)
    _ = try certificates.renew(for: spec, Self.lives, isTrusted: false, now: hour)
    #expect(try files(certificates, .server) == between && certificates.trust == 2)
    #expect(try certificates.renew(for: spec, Self.lives, isTrusted: true, now: hour))
    let after = try files(certificates, .server)
    let newest = try certificate(after["ca.crt"])
    #expect(try newest.hasSigned(certificate(after["tls.crt"])) && after["ca.crt"] == between["ca.crt"])
    #expect(certificates.trust == 2)
  }

  @Test func `given a spoilt Secret, then all is made anew`() throws {
    var spoilt = try secret(EtcdCertificates())
    spoilt.tree["data", "ca.crt"] = "bm90aGluZw=="
    var certificates = EtcdCertificates(spoilt)
    #expect(try certificates.renew(for: spec, Self.lives, now: Self.start))
    #expect(certificates.expiry.map { $0 > Self.start.seconds } == true)
  }
}
