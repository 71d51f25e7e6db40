import Testing

@testable import KubernetesClient

/// Why the API server forbids something, read from its words.
@Suite struct DenialTests {
  @Test(
    arguments: [
      (#"pods "p" is forbidden: User "jane" cannot create resource "pods" in API group """#, .role),
      (#"pods "p" is forbidden: violates PodSecurity "restricted:latest": hostPath volumes"#, .podSecurity),
      (#"pods "p" is forbidden: exceeded quota: team, requested: pods=1, used: pods=5, limited: pods=5"#, .quota),
      (#"pods "p" is forbidden: failed quota: team: must specify limits.cpu for: vineyardd"#, .quota),
      (#"pods "p" is forbidden: maximum memory usage per Container is 1Gi, but limit is 2Gi"#, .limitRange),
      (
        #"configmaps "c" is forbidden: unable to create new content in namespace a because it is being terminated"#,
        .endingNamespace
      ),
      (
        #"pods "p" is forbidden: unable to validate against any security context constraint: [provider …]"#,
        .securityContextConstraints
      ),
      (
        #"clusterroles "r" is forbidden: user "jane" (groups=["a"]) is attempting to grant RBAC permissions not currently held:"#,
        .escalation
      ),
      (
        #"admission webhook "validate.kyverno.svc-fail" denied the request: no hostPath"#,
        .policy("validate.kyverno.svc-fail")
      ),
      (
        #"deployments.apps "d" is forbidden: ValidatingAdmissionPolicy 'no-root' with binding 'b' denied request: no"#,
        .policy("no-root")
      ),
      ("nodes are forbidden", .other),
    ] as [(String, Denial)])
  func `the cause is found`(_ message: String, _ denial: Denial) {
    #expect(Denial(message) == denial)
    #expect(denial.hint?.isEmpty == false)
  }

  @Test func `only a missing role is answered with a role`() {
    #expect(Denial(#"User "a" cannot get resource "b""#).hint?.contains("role") == true)
    #expect(Denial("exceeded quota: q").hint?.contains("role") == false)
  }
}
