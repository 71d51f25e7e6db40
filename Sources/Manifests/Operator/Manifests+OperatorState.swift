import Documents

/// What the operator makes for itself while it runs; `delete operator` takes it away.
extension Manifests {
  /// The Lease that says which replica leads. Its name is the original's, so that the two never lead at the same time.
  public static func operatorLease(in namespace: String) -> KubernetesObject {
    state("coordination.k8s.io/v1", "Lease", "5fa514f1.v6d.io", namespace)
  }

  /// The Secret with the certificate of the webhook, its authorities and their keys.
  public static func operatorCertificate(in namespace: String) -> KubernetesObject {
    var secret = state("v1", "Secret", "vineyard-webhook-server-cert", namespace)
    secret.tree["type"] = "kubernetes.io/tls"
    return secret
  }

  private static func state(
    _ apiVersion: String, _ kind: String, _ name: String, _ namespace: String
  ) -> KubernetesObject {
    var object = KubernetesObject([
      "apiVersion": .string(apiVersion), "kind": .string(kind),
      "metadata": ["name": .string(name), "namespace": .string(namespace)],
    ])
    object.setLabel("app.kubernetes.io/managed-by", creator)
    object.setLabel("app.kubernetes.io/part-of", "vineyard")
    object.setLabel("app.kubernetes.io/component", "operator")
    return object
  }
}
