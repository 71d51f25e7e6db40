import KubernetesObjects

/// A Secret with certificates of a cluster with etcd. Rendering makes them empty; `setEtcdCertificates` is for who issues
/// certificates.
public enum EtcdSecret: String, CaseIterable, Sendable {
  /// Everything: authorities and certificates, with their keys. The others follow from it.
  case authority
  /// The part for the members.
  case server
  /// The part for the stores.
  case client
  /// The part with which stores know each other; etcd has nothing to do with it.
  case peer

  /// The name of a cluster's Secret.
  public func name(ofCluster cluster: String) -> String {
    self == .peer ? "\(cluster)-peer-tls" : "\(cluster)-etcd-\(rawValue)"
  }

  /// A cluster's Secret.
  public func reference(_ spec: VineyarddSpec) -> ObjectReference {
    ObjectReference(type: .secret, namespace: spec.namespace, name: name(ofCluster: spec.name))
  }
}

extension Manifests {
  /// The annotation of etcd's pods that counts the changes of authorities: etcd reads those only when it starts.
  public static let etcdTrustAnnotation = "app.vineyard.io/etcd-trust"
}

extension KubernetesObject {
  /// Whether this is the StatefulSet of an etcd of earlier releases, which served everybody without encryption.
  public var isPlainEtcd: Bool {
    let containers = tree["spec", "template", "spec", "containers"]?.array ?? []
    return kind == "StatefulSet"
      && containers.contains { container in
        container["args"]?.array?.contains { $0.string?.hasPrefix("--listen-client-urls=http://") == true } == true
      }
  }
}

extension [KubernetesObject] {
  /// Puts certificates into the objects of a cluster.
  ///
  /// - Parameters:
  ///   - trust: the number of times that authorities have changed.
  ///   - data: the data of each Secret.
  public mutating func setEtcdCertificates(
    of spec: VineyarddSpec, trust: Int, data: (EtcdSecret) throws -> Value
  ) rethrows {
    let members = ObjectReference(type: .statefulSet, namespace: spec.namespace, name: spec.etcdName)
    for index in indices {
      let reference = self[index].reference
      if reference == members {
        self[index].tree["spec", "template", "metadata", "annotations", Manifests.etcdTrustAnnotation] =
          .string("\(trust)")
      }
      guard let secret = EtcdSecret.allCases.first(where: { $0.reference(spec) == reference }) else { continue }
      self[index].tree["data"] = try data(secret)
    }
  }
}
