import Crypto
import KubernetesObjects
import Support
import Testing
import X509

@testable import Operator

@Suite struct ServingCertificatesTests {
  private let names = ["vineyard-webhook-service.vineyard-system.svc"]
  private let rotation = Rotation(lives: CertificateLives(server: .seconds(1000)))
  private let now = Timestamp.now()

  private func secret(_ certificates: ServingCertificates) throws -> KubernetesObject {
    KubernetesObject(["apiVersion": "v1", "kind": "Secret", "data": try certificates.data])
  }

  private func fresh() throws -> ServingCertificates { try ServingCertificates(names: names, rotation, now: now) }

  @Test func aSecretIsReadAsItWasWritten() throws {
    let made = try fresh()
    let read = try #require(ServingCertificates(try secret(made), names: names))
    #expect(read.dates == made.dates)
    #expect(try read.data == made.data)
    #expect(read.dates.server?.issuer == 0)
  }

  @Test func anotherAuthorityLeavesTheCertificateAndItsIssuer() throws {
    var certificates = try fresh()
    let before = try certificates.data
    try certificates.addAuthority(rotation, now: now)
    #expect(certificates.dates.server?.issuer == 1 && certificates.authorities.count == 2)
    #expect(try certificates.data["tls.crt"] == before["tls.crt"])
    try certificates.renewServer(names: names, rotation, now: now)
    #expect(certificates.dates.server?.issuer == 0)
    #expect(ServingCertificates(try secret(certificates), names: names)?.dates == certificates.dates)
  }

  @Test func aCertificateForOtherNamesDoesNotCount() throws {
    let made = try secret(try fresh())
    let read = try #require(ServingCertificates(made, names: names + ["elsewhere.svc"]))
    #expect(read.dates.server == nil && read.authorities.count == 1)
  }

  @Test(arguments: ["ca.crt", "ca.key"])
  func withoutAnAuthorityThatCanSignThereIsNothing(key: String) throws {
    for broken in ["", "AAAA", "?", Base64.encode(P256.Signing.PrivateKey().pemRepresentation.utf8)] {
      var object = try secret(try fresh())
      object.tree["data", key] = .string(broken)
      #expect(ServingCertificates(object, names: names) == nil)
    }
  }

  @Test(arguments: ["tls.crt", "tls.key"])
  func aBrokenCertificateLeavesTheAuthority(key: String) throws {
    for broken in ["", "AAAA", "?", Base64.encode(P256.Signing.PrivateKey().pemRepresentation.utf8)] {
      var object = try secret(try fresh())
      object.tree["data", key] = .string(broken)
      #expect(try #require(ServingCertificates(object, names: names)).dates.server == nil)
    }
  }

  @Test func aCertificateOfAStrangersAuthorityHasNoIssuer() throws {
    var object = try secret(try fresh())
    let other = try secret(try fresh())
    for key in ["tls.crt", "tls.key"] { object.tree["data", key] = other.tree["data", key] }
    #expect(try #require(ServingCertificates(object, names: names)).dates.server == nil)
  }
}

@Suite struct TrustBundleTests {
  private func configuration(_ bundles: [Value]) -> KubernetesObject {
    KubernetesObject([
      "webhooks": .array(bundles.enumerated().map { ["name": .string("w\($0)"), "clientConfig": ["caBundle": $1]] })
    ])
  }

  @Test func everyWebhookGetsTheBundleUnderATestOfItsName() {
    let patch = TrustBundle(of: configuration([nil, .string(Base64.encode("new".utf8)), "b2xk"])).patch(to: "new")
    #expect(
      patch == [
        ["op": "test", "path": "/webhooks/0/name", "value": "w0"],
        ["op": "add", "path": "/webhooks/0/clientConfig/caBundle", "value": "bmV3"],
        ["op": "test", "path": "/webhooks/2/name", "value": "w2"],
        ["op": "add", "path": "/webhooks/2/clientConfig/caBundle", "value": "bmV3"],
      ])
  }

  @Test func nothingIsPatchedWhereAllIsAsItShouldBe() {
    #expect(TrustBundle(of: configuration(["bmV3", "bmV3"])).patch(to: "new") == nil)
    #expect(TrustBundle(of: KubernetesObject([:])).patch(to: "new") == nil)
  }

  @Test func onlyOurOwnAuthoritiesThatHaveNotExpiredAreFound() throws {
    let now = Timestamp.now()
    func pem(_ end: Int64) throws -> String {
      let key = P256.Signing.PrivateKey()
      return try Certificate.authority(key, Validity(start: 1, end: now.seconds + end)).pem
    }
    let (good, expired) = (try pem(10), try pem(-10))
    let bundle = Value.string(Base64.encode("\(good)\(expired)rubbish".utf8))
    let found = TrustBundle(of: configuration([bundle, bundle, "?"])).authorities(now: now)
    #expect(try found.map { try $0.pem } == [good])
  }
}
