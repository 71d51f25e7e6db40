import KubernetesObjects
import SeededRandom
import Support
import Testing

@testable import Manifests

/// The token of a cluster's stores.
@Suite struct AdminTokenTests {
  private func objects(_ change: (inout VineyarddSpec) -> Void = { _ in }) throws -> [KubernetesObject] {
    var spec = VineyarddSpec()
    change(&spec)
    return try Manifests.vineyardd(spec, uid: nil, controlledByOperator: false)
  }

  private func token(_ objects: [KubernetesObject]) throws -> String {
    let secrets = objects.filter { $0.isMadeOnce && $0.name.hasSuffix("-admin-token") }
    #expect(secrets.count == 1)
    let text = try #require(secrets.first?.tree["data", "token"]?.string)
    return String(decoding: try #require(Base64.decode(text)), as: UTF8.self)
  }

  @Test func `a token is 32 bytes as digits, leading zeros included`() {
    var zeros = Constant()
    #expect(AdminToken.random(using: &zeros).text == String(repeating: "0", count: 64))
    for seed in 0..<50 as Range<UInt64> {
      var generator = SplitMix64(seed: seed)
      let text = AdminToken.random(using: &generator).text
      #expect(text.utf8.count == 64 && text.allSatisfy(\.isHexDigit))
    }
  }

  private struct Constant: RandomNumberGenerator {
    mutating func next() -> UInt64 { 0 }
  }

  @Test func `every rendering has another token unless it is given`() throws {
    #expect(try token(objects()) != token(objects()))
    let given = try Manifests.vineyardd(
      VineyarddSpec(), uid: nil, controlledByOperator: false, adminToken: Samples.adminToken)
    #expect(try token(given) == Samples.adminToken.text)
  }

  @Test func `the store reads the token where the Secret is mounted, and starts without it`() throws {
    let objects = try objects { $0.name = "numbers" }
    let pod = try #require(objects.first { $0.kind == "Deployment" }?.podSpec)
    let volume = try #require(pod["volumes"]?.array?.first { $0["name"] == "admin-token" })
    let secret = try #require(objects.first { $0.isMadeOnce && $0.name == "numbers-admin-token" })
    #expect(volume["secret", "secretName"]?.string == secret.name)
    #expect(volume["secret", "optional"] == true)
    let container = try #require(pod["containers"]?[0])
    let mount = try #require(container["volumeMounts"]?.array?.first { $0["name"] == "admin-token" })
    let directory = try #require(mount["mountPath"]?.string)
    #expect(mount["readOnly"] == true)
    #expect(container["args"]?.array?.contains(.string("--admin_token_file=\(directory)/token")) == true)
  }

  @Test func `a cluster's token goes with it and is the only thing that is made once`() throws {
    let objects = try Manifests.vineyardd(try Samples.fullCluster(), uid: Samples.uid, controlledByOperator: true)
    #expect(objects.filter(\.isMadeOnce).map(\.name) == ["numbers-admin-token"])
    let secret = try #require(objects.first { $0.isMadeOnce })
    #expect(secret.tree["metadata", "ownerReferences"]?[0]?["uid"]?.string == Samples.uid)
    #expect(secret.labels["app.vineyard.io/name"] == "numbers")
  }

  @Test func `no volume of a user's takes the token's name`() throws {
    #expect(throws: ProgramError.self) { try objects { $0.volumes = [["name": "admin-token", "emptyDir": [:]]] } }
  }
}
