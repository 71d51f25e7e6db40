import KubernetesObjects
import Testing

@testable import Manifests

/// TLS between the stores of a cluster.
@Suite struct PeerTLSTests {
  private func stores(_ use: String?, metadata: String? = nil) throws -> KubernetesObject {
    var spec = VineyarddSpec()
    (spec.store.peerTLS, spec.store.metadata) = (use, metadata)
    let objects = try Manifests.vineyardd(spec, uid: nil, controlledByOperator: false)
    return try #require(objects.first { $0.kind == "Deployment" })
  }

  private func flags(_ stores: KubernetesObject) -> [String] {
    (stores.podSpec["containers"]?[0]?["args"]?.array ?? []).compactMap(\.string).filter { $0.hasPrefix("--peer") }
  }

  /// A Deployment with so many pods of the present template.
  private func running(_ use: String?, updated: Int = 3, metadata: String? = nil) throws -> KubernetesObject {
    var stores = try stores(use, metadata: metadata)
    stores.tree["metadata", "generation"] = 2
    stores.tree["status"] = ["observedGeneration": 2, "replicas": 3, "updatedReplicas": Value(updated)]
    return stores
  }

  @Test func `stores that share metadata read from each other over TLS only, unless the resource says another`() throws
  {
    #expect(try flags(stores(nil)).contains("--peer_tls=require"))
    #expect(try flags(stores("offer")).contains("--peer_tls=offer"))
    for without in [try stores("off"), try stores("require", metadata: "local")] {
      #expect(flags(without).isEmpty && !without.tree.json.contains("peer"))
    }
  }

  @Test func `every file that a flag names is in a mounted Secret`() throws {
    let stores = try stores(nil)
    let mounts = stores.podSpec["containers"]?[0]?["volumeMounts"]?.array ?? []
    let mount = try #require(mounts.first { $0["name"] == "peer-certificates" }?["mountPath"]?.string)
    let files = flags(stores).filter { $0.contains("_file=") }
    #expect(files.map { String($0.split(separator: "/").last ?? "") } == ["ca.crt", "tls.crt", "tls.key"])
    #expect(files.allSatisfy { $0.contains("=\(mount)/") })
  }

  @Test func `stores keep what they do until the resource says another`() throws {
    for (live, said, expected) in [
      (nil, nil, nil), (try running("off"), nil, "off"), (try running(nil), nil, "require"),
      (try running("offer"), nil, "offer"), (try running(nil, metadata: "local"), nil, nil),
      (try running("off"), "offer", "offer"), (try running("require"), "offer", "offer"),
    ] as [(KubernetesObject?, String?, String?)] {
      var spec = VineyarddSpec()
      spec.store.peerTLS = said
      let isStep = spec.keepPeerTLS(of: live)
      #expect(!isStep)
      #expect(spec.store.peerTLS == expected)
    }
  }

  @Test(arguments: [("off", "require"), ("require", "off")])
  func `stores that require it and stores without it are never there together`(from: String, to: String) throws {
    func step(_ live: KubernetesObject) -> (use: String?, isStep: Bool) {
      var spec = VineyarddSpec()
      spec.store.peerTLS = to
      let isStep = spec.keepPeerTLS(of: live)
      return (spec.store.peerTLS, isStep)
    }
    #expect(step(try running(from)) == ("offer", true))
    #expect(step(try running("offer", updated: 1)) == ("offer", true))
    var unseen = try running("offer")
    unseen.tree["metadata", "generation"] = 3
    #expect(step(unseen) == ("offer", true))
    #expect(step(try running("offer")) == (to, false))
    #expect(step(try running(to)) == (to, false))
  }
}
