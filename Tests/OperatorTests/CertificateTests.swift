import Documents
import Support
import Testing

@testable import Operator

@Suite struct CertificateTests {
  private let names: Set<String> = ["a.n.svc", "b.n.svc"]
  private let now = Timestamp(milliseconds: 1_800_000_000_000)

  private func made(after old: ServingCertificate? = nil, at time: Timestamp? = nil) throws -> ServingCertificate {
    try ServingCertificate.make(names: names, lifetime: .seconds(9000), after: old, now: time ?? now)
  }

  private func later(_ seconds: Int64) -> Timestamp { Timestamp(milliseconds: now.milliseconds + seconds * 1000) }

  @Test func `a certificate survives being stored`() throws {
    let certificate = try made()
    let secret = CertificateSecret(namespace: "n").object(certificate)
    let read = try #require(CertificateSecret.certificate(in: secret))
    #expect(read.certificate == certificate.certificate)
    #expect(read.key == certificate.key)
    #expect(read.authorities == certificate.authorities)
    #expect(read.names == names)
    #expect(read.notAfter == certificate.notAfter)
  }

  @Test func `it serves its names until two thirds of its life are over`() throws {
    let certificate = try made()
    #expect(certificate.serves(names, at: now))
    #expect(!certificate.serves(names.union(["c"]), at: now))
    #expect(certificate.serves(names, at: later(5999)))
    #expect(!certificate.serves(names, at: later(6000)))
  }

  @Test func `a clock that is set back does not count as too early by a little`() throws {
    let certificate = try made()
    let read = try #require(CertificateSecret.certificate(in: CertificateSecret(namespace: "n").object(certificate)))
    #expect(read.serves(names, at: later(-200)))
    #expect(!read.serves(names, at: later(-400)))
  }

  @Test func `the old authority stays trusted while it is valid`() throws {
    let first = try made()
    let second = try made(after: first, at: later(6000))
    #expect(second.authorities.count == 2)
    #expect(second.authorities[1] == first.authorities[0])
    let third = try made(after: second, at: later(12_000))
    #expect(third.authorities.count == 2, "the first has expired")
  }

  @Test(arguments: ["tls.crt", "tls.key", "ca.crt"])
  func `a secret that was spoiled holds no certificate`(_ key: String) throws {
    let secret = CertificateSecret(namespace: "n").object(try made())
    let other = CertificateSecret(namespace: "n").object(try made())
    for value in [nil, "", "bm9uc2Vuc2U=", "not base64", key == "ca.crt" ? "" : other.tree["data", key]?.string] {
      var spoiled = secret
      spoiled.tree["data", key] = value.map { .string($0) }
      #expect(CertificateSecret.certificate(in: spoiled) == nil)
    }
  }

  @Test func `only entries of our service get the authority, and only where it is missing`() {
    var configuration = KubernetesObject(["metadata": ["resourceVersion": "7"]])
    let service = { (name: String, bundle: String) -> Value in
      ["clientConfig": ["service": ["name": .string(name)], "caBundle": .string(bundle)]]
    }
    configuration.tree["webhooks"] = [
      service("vineyard-webhook-service", "old"), service("another", "old"), service("vineyard-webhook-service", "new"),
    ]
    #expect(
      WebhookAuthority.patch(configuration, bundle: "new")
        == .json([
          ["op": "replace", "path": "/metadata/resourceVersion", "value": "7"],
          ["op": "add", "path": "/webhooks/0/clientConfig/caBundle", "value": "new"],
        ]))
    configuration.tree["webhooks"] = [service("vineyard-webhook-service", "new")]
    #expect(WebhookAuthority.patch(configuration, bundle: "new") == nil)
  }
}
