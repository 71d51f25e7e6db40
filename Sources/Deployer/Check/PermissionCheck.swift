import Coordination
import KubernetesClient
import KubernetesObjects

/// Whether the user has the rights that deploying and deleting need.
struct PermissionCheck: Sendable {
  let check: ClusterCheck

  private static let group = "Permissions"

  /// Verbs for each kind that is deployed; `patch` is server-side apply.
  private static let writeVerbs = ["get", "create", "patch", "delete"]
  /// Kinds that are looked at while waiting.
  private static let readKinds: [ObjectType] = [.pod, .event, .node, .persistentVolumeClaim]

  func run() async throws -> [Finding] {
    try await check.guarded(Self.group) {
      let questions = try await questions()
      let answers = try await answers(questions)
      let refused = zip(questions, answers).filter { !$0.1 }.map(\.0)
      if refused.isEmpty {
        return [Finding(Self.group, .passed, "all \(questions.count) permissions that deploying and deleting need")]
      }
      if check.subject.isBeforehand { return Self.findings(refused) }
      // Whoever only looks at what is deployed needs none of them.
      return [
        Finding(
          Self.group, .warning, "\(refused.count) of \(questions.count) permissions to deploy and delete are missing",
          hint: "'vineyardctl check --pre' lists them")
      ]
    }
  }

  private struct Question: Sendable {
    let resource: String
    let verb: String
    let query: AccessQuery
    let isOptional: Bool
  }

  private func questions() async throws -> [Question] {
    var questions: [Question] = []
    var seen: Set<ObjectType> = []
    for object in check.subject.objects where seen.insert(object.reference.type).inserted {
      questions += try await self.questions(
        object.reference.type, Self.writeVerbs,
        // Requests for a namespace count as made in it.
        namespace: object.reference.type == .namespace ? object.name : object.namespace, isOptional: false)
    }
    for type in Self.readKinds {
      let namespace = type == .pod || type == .event ? check.subject.namespace : nil
      questions += try await self.questions(type, ["list"], namespace: namespace, isOptional: true)
    }
    return questions
  }

  private func questions(
    _ type: ObjectType, _ verbs: [String], namespace: String?, isOptional: Bool
  ) async throws -> [Question] {
    // Of a kind that does not exist yet the plural is the usual one.
    let plural = try await check.client.resource(for: type)?.plural ?? type.usualPlural
    let resource = type.group.isEmpty ? plural : "\(plural).\(type.group)"
    return verbs.map { verb in
      Question(
        resource: resource, verb: verb,
        query: AccessQuery(verb: verb, group: type.group, resource: plural, namespace: namespace),
        isOptional: isOptional)
    }
  }

  private func answers(_ questions: [Question]) async throws -> [Bool] {
    try await questions.mapConcurrently { try await check.client.isAllowed($0.query) }
  }

  /// One line for each resource, with all verbs that are missing.
  private static func findings(_ refused: [Question]) -> [Finding] {
    var order: [String] = []
    var verbs: [String: [String]] = [:]
    for question in refused {
      if verbs[question.resource] == nil { order.append(question.resource) }
      verbs[question.resource, default: []].append(question.verb)
    }
    let optional = Set(refused.filter(\.isOptional).map(\.resource))
    return order.map { resource in
      Finding(
        group, optional.contains(resource) ? .warning : .failed,
        "no permission to \(verbs[resource, default: []].joined(separator: ", ")) \(resource)",
        hint: "ask for a role that allows it, such as cluster-admin")
    }
  }
}
