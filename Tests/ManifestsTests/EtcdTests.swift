import KubernetesObjects
import Testing

@testable import Manifests

/// The etcd of a cluster, and the stores' way to it.
@Suite struct EtcdTests {
  private func objects(_ change: (inout VineyarddSpec) -> Void = { _ in }) throws -> [KubernetesObject] {
    var spec = VineyarddSpec()
    change(&spec)
    return try Manifests.vineyardd(spec, uid: nil, controlledByOperator: false)
  }

  private func arguments(_ object: KubernetesObject?, _ list: String = "containers") -> [String] {
    (object?.podSpec[list]?[0]?["args"]?.array ?? []).compactMap(\.string)
  }

  @Test func `given local metadata, then nothing of etcd is left`() throws {
    let objects = try objects { $0.store.metadata = "local" }
    #expect(!objects.contains { $0.name.contains("etcd") })
    let stores = try #require(objects.first { $0.kind == "Deployment" })
    #expect(arguments(stores).contains("--meta=local") && !arguments(stores).contains { $0.hasPrefix("--etcd") })
    #expect(!stores.tree.json.contains("etcd") && !stores.tree.json.contains("peer"))
  }

  @Test func `members may take what the operator goes by`() throws {
    let members = try objects().first { $0.kind == "StatefulSet" }
    let flags = arguments(members) + arguments(members, "initContainers")
    #expect(flags.contains("--quota-backend-bytes=\(VineyarddSpec.etcdQuota)"))
  }

  @Test func `given three members, then the stores know all of them, and so do certificates`() throws {
    var spec = VineyarddSpec()
    spec.etcdReplicas = 3
    let objects = try objects { $0.etcdReplicas = 3 }
    let endpoints = try #require(
      arguments(objects.first { $0.kind == "Deployment" }).first { $0.hasPrefix("--etcd_end") })
    #expect(endpoints.split(separator: ",").count == 3 && !endpoints.contains("http:"))
    for endpoint in spec.etcdEndpoints {
      #expect(endpoints.contains(endpoint))
      #expect(spec.etcdHosts.contains { endpoint == "https://\($0):2379" })
    }
    let members = try #require(
      arguments(objects.first { $0.kind == "StatefulSet" }, "initContainers").first {
        $0.hasPrefix("--initial-cluster=")
      })
    #expect(members.split(separator: ",").count == 3)
  }

  @Test func `members take nothing without a certificate, and show only health to everybody`() throws {
    let flags = arguments(try objects().first { $0.kind == "StatefulSet" }, "initContainers")
    for flag in ["--client-cert-auth=true", "--peer-client-cert-auth=true"] { #expect(flags.contains(flag)) }
    let plain = flags.filter { $0.contains("http://") }
    #expect(plain == ["--listen-metrics-urls=http://0.0.0.0:2381"])
  }

  @Test func `given a claim, then it takes the place of the directory in the pod, and nothing else`() throws {
    let set = try #require(
      objects {
        $0.etcd.storageSize = "2Gi"
        $0.etcd.storageClassName = "fast"
      }.first { $0.kind == "StatefulSet" })
    #expect(set.podSpec["volumes"]?.array?.compactMap { $0["name"]?.string } == ["certificates"])
    let claim = try #require(set.tree["spec", "volumeClaimTemplates"]?[0])
    #expect(claim["metadata", "name"] == "data" && claim["spec", "storageClassName"] == "fast")
  }

  @Test func `stores of an earlier release keep local metadata until the resource says another`() throws {
    let local = try objects { $0.store.metadata = "local" }.first { $0.kind == "Deployment" }
    let shared = try objects().first { $0.kind == "Deployment" }
    for (live, said, expected) in [
      (local, nil, "local"), (local, "etcd", "etcd"), (shared, nil, nil), (nil, nil, nil), (shared, "local", "local"),
    ] as [(KubernetesObject?, String?, String?)] {
      var spec = VineyarddSpec()
      spec.store.metadata = said
      spec.keepMetadata(of: live)
      #expect(spec.store.metadata == expected)
    }
  }

  @Test func `only the Secrets of etcd may change, and only a StatefulSet of earlier releases is plain`() throws {
    let objects = try objects()
    let secrets = objects.filter { $0.kind == "Secret" }
    #expect(
      secrets.filter { !$0.isMadeOnce }.map(\.name).sorted() == [
        "vineyardd-sample-etcd-authority", "vineyardd-sample-etcd-client", "vineyardd-sample-etcd-server",
        "vineyardd-sample-peer-tls",
      ])
    var set = try #require(objects.first { $0.kind == "StatefulSet" })
    #expect(!set.isPlainEtcd)
    try set.editContainer("etcd") { $0["args"] = ["--name=a", "--listen-client-urls=http://0.0.0.0:2379"] }
    #expect(set.isPlainEtcd)
  }

  @Test func `data and the trust count go into the right objects`() throws {
    var objects = try objects()
    objects.setEtcdCertificates(of: VineyarddSpec(), trust: 7) { ["part": .string($0.rawValue)] }
    for part in EtcdSecret.allCases {
      #expect(
        objects.first { $0.name == part.name(ofCluster: "vineyardd-sample") }?.tree["data"] == [
          "part": .string("\(part)")
        ])
    }
    let set = objects.first { $0.kind == "StatefulSet" }
    #expect(set?.tree["spec", "template", "metadata", "annotations", Manifests.etcdTrustAnnotation] == "7")
    #expect(objects.first { $0.kind == "Secret" && $0.isMadeOnce }?.tree["data", "part"] == nil)
  }
}
