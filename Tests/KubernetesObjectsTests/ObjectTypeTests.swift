import KubernetesObjects
import Testing

@Suite struct ObjectTypeTests {
  @Test(arguments: [
    (ObjectType.deployment, "deployments"), (.ingress, "ingresses"), (.networkPolicy, "networkpolicies"),
    (.storageClass, "storageclasses"), (.registeredDriver, "csidrivers"),
    (ObjectType(apiVersion: "gateway.networking.k8s.io/v1", kind: "Gateway"), "gateways"),
  ])
  func `a type has the plural of its path`(_ type: ObjectType, _ plural: String) {
    #expect(type.usualPlural == plural)
  }

  @Test func `a type has group and version`() {
    #expect(ObjectType.deployment.group == "apps" && ObjectType.deployment.version == "v1")
    #expect(ObjectType.pod.group == "" && ObjectType.pod.version == "v1")
  }
}
