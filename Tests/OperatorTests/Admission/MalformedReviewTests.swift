import HTTPEndpoint
import KubernetesObjects
import Manifests
import SeededRandom
import Testing

@testable import Operator

@Suite struct MalformedReviewTests {
  @Test(arguments: [
    "", " ", "null", "[]", "{", "\u{0}", "{\"kind\":\"AdmissionReview\"}",
    "{\"apiVersion\":\"admission.k8s.io/v1beta1\",\"kind\":\"AdmissionReview\",\"request\":{\"uid\":\"1\"}}",
    "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\"}",
    "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",\"request\":7}",
    "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",\"request\":{\"uid\":\"\"}}",
    "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",\"request\":{\"uid\":\"1\"}}",
    """
    {"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview",
     "request":{"uid":"1","operation":"CREATE","object":"no"}}
    """,
  ])
  func whatIsNoReviewIsAnsweredWith400(body: String) {
    for kind in ResourceKind.all {
      for verb in ["validate", "mutate"] {
        let answer = Reviews.answer(verb, kind, Array(body.utf8))
        #expect(answer.status == 400 && answer.text.hasSuffix("\n"))
      }
    }
  }

  @Test func nestingWithoutEndIsAnsweredWith400() {
    let body = [UInt8](repeating: UInt8(ascii: "["), count: 1 << 20)
    #expect(Reviews.answer("validate", .vineyardd, body).status == 400)
  }

  @Test func aChangeWithoutAnObjectIsRefused() throws {
    for verb in ["validate", "mutate"] {
      let response = try Reviews.response(verb, .vineyardd, Reviews.review(nil))
      #expect(response["allowed"] == false && response["status", "code"] == 400)
    }
  }

  @Test func otherPathsAndMethodsAreNamed() {
    let (unknown, _) = Reviews.service.respond(method: "POST", path: "/convert", body: [])
    #expect(unknown.status == 404 && unknown.text.contains("/validate-k8s-v6d-io-v1alpha1-csidriver"))
    let (get, _) = Reviews.service.respond(
      method: "GET", path: "/mutate-k8s-v6d-io-v1alpha1-vineyardd", body: [])
    #expect(get.status == 405)
  }

  @Test(arguments: 0..<8 as Range<UInt64>)
  func anyBytesAreAnswered(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let originals = [Reviews.cluster, Reviews.driver].map { Array(Reviews.review($0, old: $0).json.utf8) }
    for _ in 0..<400 {
      var body = random.choose(originals)
      for _ in 0...random.number(below: 4) { Self.damage(&body, &random) }
      try Self.expectAnAnswer(body, &random)
    }
  }

  @Test(arguments: 0..<8 as Range<UInt64>)
  func anyFieldsAreAnswered(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    for _ in 0..<400 {
      var review = Reviews.update(
        random.choose([Reviews.cluster, Reviews.driver]), from: random.choose([Reviews.cluster, Reviews.driver]))
      for _ in 0...random.number(below: 3) { Self.replaceOne(in: &review, &random) }
      try Self.expectAnAnswer(Array(review.json.utf8), &random)
    }
  }

  /// A review that is understood gets a verdict under its uid, everything else a 400.
  private static func expectAnAnswer(_ body: [UInt8], _ random: inout SplitMix64) throws {
    let kind = random.choose(ResourceKind.all)
    let answer = Reviews.answer(random.choose(["validate", "mutate"]), kind, body)
    guard answer.status == 200 else {
      #expect(answer.status == 400)
      return
    }
    let sent = try Value(json: body)["request", "uid"]
    let response = try Value(json: answer.text)["response"] ?? .null
    #expect(response["uid"] == sent && response["allowed"]?.bool != nil)
    if response["allowed"] == false { #expect(response["status", "message"]?.string?.isEmpty == false) }
  }

  private static func damage(_ body: inout [UInt8], _ random: inout SplitMix64) {
    guard !body.isEmpty else { return }
    let place = random.number(below: body.count)
    switch random.number(below: 4) {
    case 0: body[place] = UInt8(truncatingIfNeeded: random.next())
    case 1: body.removeSubrange(place..<min(body.count, place + 1 + random.number(below: 20)))
    case 2: body.insert(contentsOf: body[place..<min(body.count, place + 30)], at: place)
    default: body.removeLast(min(body.count, random.number(below: 60)))
    }
  }

  /// Puts something else in the place of a value somewhere in a tree.
  private static func replaceOne(in tree: inout Value, _ random: inout SplitMix64) {
    let others: [Value] = [
      nil, true, -1, .integer(.max), .decimal("1e999"), "", "ä\u{0}", "..", .string(String(repeating: "x", count: 300)),
      [], [nil], ["a", 1], [:], ["a": ["b": nil]],
    ]
    guard !random.oneIn(5) else {
      tree = random.choose(others)
      return
    }
    if case .object(var fields) = tree, let key = random.pick(Array(fields.keys)), var value = fields[key] {
      replaceOne(in: &value, &random)
      fields[key] = value
      tree = .object(fields)
    } else if case .array(var elements) = tree, !elements.isEmpty {
      replaceOne(in: &elements[random.number(below: elements.count)], &random)
      tree = .array(elements)
    } else {
      tree = random.choose(others)
    }
  }
}
