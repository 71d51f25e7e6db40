import KubernetesClient
import KubernetesObjects
import Logging
import Manifests
import Support

/// The certificates of every cluster's etcd, as far as this leader has seen them. They are kept in a Secret of each
/// cluster, which is read once.
actor EtcdCertificateStore {
  let lives: CertificateLives
  private let log: Logger
  private let read: @Sendable (ObjectReference) async throws -> KubernetesObject?
  /// By the uid of the cluster's resource.
  private var known: [String: EtcdCertificates] = [:]

  init(
    lives: CertificateLives, log: Logger, read: @escaping @Sendable (ObjectReference) async throws -> KubernetesObject?
  ) {
    self.lives = lives
    self.log = log
    self.read = read
  }

  /// The certificates of a cluster, with everything that is due.
  ///
  /// - Parameters:
  ///   - uid: of the cluster's resource.
  ///   - isTrusted: whether members run with authorities that were changed so many times.
  /// - Throws: what reading the Secret and issuing throw.
  func certificates(
    for spec: VineyarddSpec, uid: String, isTrusted: @Sendable (Int) -> Bool
  ) async throws -> EtcdCertificates {
    var certificates: EtcdCertificates
    if let present = known[uid] {
      certificates = present
    } else {
      certificates = EtcdCertificates(try await read(EtcdSecret.authority.reference(spec)))
    }
    if try certificates.renew(for: spec, lives, isTrusted: isTrusted(certificates.trust)) {
      log.info("certificates of the etcd of \(spec.namespace)/\(spec.name) are issued")
    }
    known[uid] = certificates
    return certificates
  }

  /// What was last issued; nil before.
  subscript(uid: String) -> EtcdCertificates? { known[uid] }

  /// Forgets clusters that are gone.
  func keep(only uids: Set<String>) { known = known.filter { uids.contains($0.key) } }
}
