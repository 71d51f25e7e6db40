import Deployer
import Documents
import Manifests
import Support

/// The Secret in which all replicas find the certificate.
struct CertificateSecret: Sendable {
  let namespace: String

  var reference: ObjectReference {
    ObjectReference(type: .secret, namespace: namespace, name: "vineyard-webhook-server-cert")
  }

  /// The names under which the API server, and who reads metrics, reach the operator.
  var names: Set<String> {
    Set(
      ["vineyard-webhook-service", "vineyard-controller-manager-metrics-service"].flatMap { service in
        ["\(service).\(namespace)", "\(service).\(namespace).svc"]
      })
  }

  /// The certificate in a Secret; nil when there is none to use.
  static func certificate(in secret: KubernetesObject) -> ServingCertificate? {
    guard let certificate = text("tls.crt", secret), let key = text("tls.key", secret),
      let authorities = text("ca.crt", secret)
    else { return nil }
    return ServingCertificate(certificate: certificate, key: key, authorities: authorities)
  }

  private static func text(_ key: String, _ secret: KubernetesObject) -> String? {
    secret.tree["data", key]?.string.flatMap { Base64.decode($0) }.map { String(decoding: $0, as: UTF8.self) }
  }

  /// The Secret with a certificate.
  func object(_ certificate: ServingCertificate) -> KubernetesObject {
    var object = KubernetesObject([
      "apiVersion": "v1", "kind": "Secret", "metadata": ["name": .string(reference.name)],
      "type": "kubernetes.io/tls", "data": Self.data(certificate),
    ])
    object.namespace = namespace
    object.setLabel("app.kubernetes.io/managed-by", Manifests.creator)
    object.setLabel("app.kubernetes.io/part-of", "vineyard")
    object.setLabel("app.kubernetes.io/component", "operator")
    return object
  }

  private static func data(_ certificate: ServingCertificate) -> Value {
    Value([
      "tls.crt": Base64.encode(certificate.certificate.utf8), "tls.key": Base64.encode(certificate.key.utf8),
      "ca.crt": Base64.encode(certificate.bundle.utf8),
    ])
  }
}
