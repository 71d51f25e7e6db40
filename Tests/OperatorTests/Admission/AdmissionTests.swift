import KubernetesObjects
import Manifests
import Testing

@testable import Operator

@Suite struct AdmissionTests {
  @Test func aGoodResourceIsAllowedUnderItsUID() throws {
    let review = Reviews.review(Reviews.cluster)
    let response = try Reviews.response("validate", .vineyardd, review)
    #expect(response == ["uid": review["request", "uid"] ?? .null, "allowed": true])
    #expect(try Reviews.response("validate", .csiDriver, Reviews.review(Reviews.driver))["allowed"] == true)
  }

  @Test(arguments: [
    (["spec", "replicas"], Value.integer(-1), "invalid number of replicas -1"),
    (["spec", "vineyard", "size"], "many", "invalid size 'many'"),
    (["spec", "vineyard", "spill", "path"], "/spill", "a spill path without a spill name"),
    (["spec", "vineyard"], 5, "spec.vineyard must be an object"),
    (["spec", "unheardOf"], true, "unknown field spec.unheardOf"),
    (["metadata", "name"], "Numbers", "invalid cluster name 'Numbers'"),
    (["kind"], "Deployment", "not a Vineyardd resource"),
  ])
  func aBadResourceIsRefusedWithTheWordsOfTheCommandLine(path: [String], value: Value, words: String) throws {
    var object = Reviews.cluster
    object[path: path] = value
    let response = try Reviews.response("validate", .vineyardd, Reviews.review(object))
    #expect(response["allowed"] == false)
    #expect(response["status", "code"] == 422 && response["status", "reason"] == "Invalid")
    #expect(response["status", "message"]?.string?.contains(words) == true)
  }

  @Test func aDriverWithoutAClusterIsRefused() throws {
    var object = Reviews.driver
    object["spec", "clusters"] = []
    let response = try Reviews.response("validate", .csiDriver, Reviews.review(object))
    #expect(response["status", "message"]?.string?.hasPrefix("no vineyard cluster is given") == true)
  }

  @Test func aBadChangeIsRefused() throws {
    var changed = Reviews.cluster
    changed["spec", "vineyard", "size"] = "many"
    let response = try Reviews.response("validate", .vineyardd, Reviews.update(changed, from: Reviews.cluster))
    #expect(response["allowed"] == false)
  }

  @Test func theNumberOfEtcdMembersCannotBeLowered() throws {
    var three = Reviews.cluster
    three["spec", "etcdReplicas"] = 3
    let lowered = try Reviews.response("validate", .vineyardd, Reviews.update(Reviews.cluster, from: three))
    #expect(lowered["status", "message"]?.string?.contains("etcd members cannot be lowered") == true)
    let raised = try Reviews.response("validate", .vineyardd, Reviews.update(three, from: Reviews.cluster))
    #expect(raised["allowed"] == true)
  }

  @Test func aResourceThatOlderRulesLetInCanBeLabelledAndRepaired() throws {
    var bad = Reviews.cluster
    bad["spec", "vineyard", "size"] = "many"
    var labelled = bad
    labelled["metadata", "labels", "team"] = "a"
    #expect(try Reviews.response("validate", .vineyardd, Reviews.update(labelled, from: bad))["allowed"] == true)
    #expect(
      try Reviews.response("validate", .vineyardd, Reviews.update(Reviews.cluster, from: bad))["allowed"] == true)
  }

  @Test func whatIsBeingDeletedMayChangeHowever() throws {
    var going = Reviews.cluster
    going["metadata", "deletionTimestamp"] = "2026-11-24T10:00:00Z"
    going["spec", "replicas"] = -1
    #expect(
      try Reviews.response("validate", .vineyardd, Reviews.update(going, from: Reviews.cluster))["allowed"] == true)
  }

  @Test func aDeletionIsAllowed() throws {
    let review = Reviews.review(nil, old: Reviews.cluster, operation: "DELETE")
    for verb in ["validate", "mutate"] {
      #expect(try Reviews.response(verb, .vineyardd, review)["allowed"] == true)
    }
  }

  @Test func aSettingWithoutEffectIsWarnedOf() throws {
    var object = Reviews.cluster
    object["spec", "metric", "image"] = "grok:1"
    object["spec", "pluginImage", "backupImage"] = "backup:1"
    let warnings = try Reviews.response("validate", .vineyardd, Reviews.review(object))["warnings"]?.array ?? []
    #expect(warnings.count == 2)
    // kubectl cuts longer ones.
    #expect(warnings.allSatisfy { ($0.string ?? "").utf8.count <= 120 })
    var driver = Reviews.driver
    driver["spec", "sidecar", "attacherImage"] = "attacher:1"
    #expect(try Reviews.response("validate", .csiDriver, Reviews.review(driver))["warnings"]?.array?.count == 1)
  }

  @Test func aRefusalIsShortWhateverItQuotes() throws {
    var object = Reviews.cluster
    object["spec", "vineyard", "size"] = .string(String(repeating: "ä", count: 1 << 20))
    let response = try Reviews.response("validate", .vineyardd, Reviews.review(object))
    #expect((response["status", "message"]?.string ?? "").utf8.count < 1100)
  }
}

@Suite struct CompletionTests {
  @Test func defaultsAreAddedAndNothingElseIsTouched() throws {
    let response = try Reviews.response("mutate", .vineyardd, Reviews.review(Reviews.cluster))
    #expect(response["patchType"] == "JSONPatch")
    let patched = try Reviews.patched(Reviews.cluster, by: response)
    let spec = try VineyarddSpec(customResource: KubernetesObject(Reviews.cluster))
    #expect(patched["spec"] == spec.customResource().tree["spec"])
    #expect(patched["metadata"] == Reviews.cluster["metadata"])
  }

  @Test func aDriverWithoutSpecGetsOne() throws {
    var object = Reviews.driver
    object["spec"] = nil
    let patched = try Reviews.patched(object, by: try Reviews.response("mutate", .csiDriver, Reviews.review(object)))
    #expect(patched["spec", "replicas"] == 1)
  }

  @Test func aCompleteResourceGetsNoPatch() throws {
    let full = try VineyarddSpec(customResource: KubernetesObject(Reviews.cluster)).customResource().tree
    #expect(try Reviews.response("mutate", .vineyardd, Reviews.review(full))["patch"] == nil)
  }

  @Test func whatCannotBeReadIsLeftToValidation() throws {
    var object = Reviews.cluster
    object["spec", "vineyard"] = "none"
    let response = try Reviews.response("mutate", .vineyardd, Reviews.review(object))
    #expect(response["allowed"] == true && response["patch"] == nil)
  }

  @Test func keysAreEscapedInPointers() {
    let patch = MissingFields.patch(["a": [:]], to: ["a": ["x/y~z": 1]], at: "")
    #expect(patch == [["op": "add", "path": "/a/x~1y~0z", "value": 1]])
  }
}
