import KubernetesObjects
import Manifests
import Testing

@testable import Commands

/// What stays of a custom resource when it is deployed again.
@Suite struct KeptFieldsTests {
  private func resource(_ spec: Value) -> KubernetesObject {
    KubernetesObject(["kind": "Vineyardd", "metadata": ["name": "c"], "spec": spec])
  }

  private func merge(
    _ rendered: Value, over live: Value, named: Set<String> = [], flags: SpecFlags = .vineyardd
  ) -> (spec: Value?, text: String?) {
    let fields = KeptFields(flags: flags, named: named)
    let (object, kept) = fields.merge(resource(rendered), over: resource(live))
    return (object.tree["spec"], fields.text(kept))
  }

  @Test func `what no flag names stays, and what one names changes`() {
    let live: Value = ["replicas": 3, "vineyard": ["size": "8Gi", "cpu": "1"]]
    let (spec, text) = merge(["replicas": 2, "vineyard": ["size": ""]], over: live, named: ["replicas"])
    #expect(spec == ["replicas": 2, "vineyard": ["size": "8Gi", "cpu": "1"]])
    #expect(text == "--vineyardd.cpu 1, --vineyardd.size 8Gi")
  }

  @Test func `a flag that is reset takes its field away`() {
    let (spec, _) = merge(
      ["vineyard": ["size": ""]], over: ["vineyard": ["size": "", "cpu": "1"]], named: ["vineyardd.cpu"])
    #expect(spec == ["vineyard": ["size": ""]])
  }

  @Test func `fields without a flag stay, as others and files have set them`() {
    let live: Value = ["priorityClassName": "high", "other": ["disk": "fast"]]
    let (spec, text) = merge([:], over: live)
    #expect(spec == live)
    #expect(text == #"spec.other '{"disk":"fast"}', spec.priorityClassName high"#)
  }

  @Test func `what the server fills in with nothing is not told`() {
    let (spec, text) = merge([:], over: ["volume": ["pvcName": "", "mountPath": ""], "env": []])
    #expect(spec == [:])
    #expect(text == nil)
  }

  @Test func `the default image of another release does not stay, any other does`() {
    let rendered: Value = ["vineyard": ["image": "localhost/vineyardctl:9.0.0"]]
    let former: Value = ["vineyard": ["image": "localhost/vineyardctl:0.0.9"]]
    #expect(merge(rendered, over: former).spec == rendered)
    let chosen: Value = ["vineyard": ["image": "localhost/vineyardctl:test"]]
    #expect(merge(rendered, over: chosen).spec == chosen)
  }

  @Test func `a cluster that is named again keeps how its volumes differ`() {
    let live: Value = [
      "clusters": [["namespace": "a", "name": "b", "quota": "1Gi"], ["namespace": "c", "name": "d"]]
    ]
    let rendered: Value = ["clusters": [["namespace": "a", "name": "b"], ["namespace": "e", "name": "f"]]]
    let (spec, _) = merge(rendered, over: live, named: ["clusters"], flags: .csiDriver)
    #expect(
      spec == ["clusters": [["namespace": "a", "name": "b", "quota": "1Gi"], ["namespace": "e", "name": "f"]]])
  }

  @Test func `lists and labels are told as flags take them`() {
    let live: Value = [
      "vineyard": ["env": [["name": "A", "value": "1"], ["name": "B", "value": "x=y"]]]
    ]
    #expect(merge(["vineyard": [:]], over: live).text == "--vineyardd.envs A=1,B=x=y")
    let labels: Value = ["nodeSelector": ["disk": "fast", "pool": "ml"]]
    #expect(merge([:], over: labels).text == "--node-selector disk=fast,pool=ml")
    let secrets: Value = ["imagePullSecrets": [["name": "a"], ["name": "b"]]]
    #expect(merge([:], over: secrets).text == "--image-pull-secrets a,b")
  }

  @Test func `tolerations are told as taints, or as JSON where they say more`() {
    let taints: Value = [
      ["key": "gpu", "operator": "Equal", "value": "yes", "effect": "NoSchedule"],
      ["key": "ml", "operator": "Exists", "effect": "NoExecute"], ["operator": "Exists"],
    ]
    #expect(merge([:], over: ["tolerations": taints]).text == "--tolerations 'gpu=yes:NoSchedule,ml:NoExecute,*'")
    let patient: Value = [["key": "ml", "operator": "Exists", "tolerationSeconds": 5]]
    #expect(
      merge([:], over: ["tolerations": patient]).text
        == #"--tolerations '"{""key"":""ml"",""operator"":""Exists"",""tolerationSeconds"":5}"'"#)
  }

  @Test(
    arguments: [
      (["type": "spc_t"], "--selinux spc_t"),
      (["user": "u", "role": "r", "type": "t", "level": "s0:c1,c2"], "--selinux u:r:t:s0:c1,c2"),
      (["level": "s0"], #"spec.seLinuxOptions '{"level":"s0"}'"#),
    ] as [(Value, String)])
  func `SELinux options are told as a type or a context`(_ options: Value, _ text: String) {
    #expect(merge([:], over: ["seLinuxOptions": options]).text == text)
  }

  @Test func `switches, and volumes for spilling, are told as flags take them`() {
    let live: Value = [
      "metric": ["enable": true],
      "vineyard": [
        "syncCRDs": false,
        "spill": ["persistentVolumeSpec": ["a": 1], "persistentVolumeClaimSpec": ["b": "it's"]],
      ],
    ]
    let rendered: Value = [
      "metric": ["enable": false], "vineyard": ["syncCRDs": true, "spill": ["spillLowerRate": "0.3"]],
    ]
    #expect(
      merge(rendered, over: live).text
        == "--vineyardd.metric.enable, --vineyardd.syncCRDs=false, "
        + #"--vineyardd.spill.pv-pvc-spec '{"pvc-spec":{"b":"it'\''s"},"pv-spec":{"a":1}}'"#)
  }
}
