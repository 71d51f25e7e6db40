import ClusterInventory
import Documents
import Inspection
import Logging
import StoreProtocol
import Support

/// The objects of all stores that a command names.
struct ObjectListing: Sendable {
  private(set) var objects: [ListedObject]
  private let notes: [String]
  /// Whether there are more objects than are shown.
  private let isCut: Bool

  private struct Answer: Sendable {
    let survey: StoreSurvey
    let entries: [ObjectEntry]
    let isCut: Bool
  }

  /// Asks the stores.
  ///
  /// - Throws: `ProgramError` when no store answers, or none has the volume.
  init(
    _ arguments: StoreArguments, _ scope: ScopeArguments, _ question: ObjectQuestion, _ context: CommandContext
  ) async throws {
    let targets = try await StoreTargets(arguments, context)
    let claims = try await targets.claims()
    var question = question
    question.scope = try scope.resolved(claims)
    let asked = question
    let answers = try await targets.each { (access, _) in
      var survey = try StoreSurvey(access)
      let found = try survey.objects(asked)
      return Answer(survey: survey, entries: found.entries, isCut: found.isCut)
    }
    let nodes = Self.nodes(answers.found.map { ($0.origin, $0.answer.survey) })
    var seen: Set<String> = []
    var listed: [ListedObject] = []
    for (origin, answer) in answers.found {
      for entry in answer.entries {
        let instance = entry.object.instance
        // Stores that share an etcd show each other's objects.
        let key = answer.survey.isShared ? "\(entry.object.id)" : "\(origin.label)/\(entry.object.id)"
        guard seen.insert("\(key)/\(entry.volume ?? "")").inserted else { continue }
        var object = ListedObject(entry: entry, origin: origin)
        object.node =
          answer.survey.isShared
          ? instance.flatMap { nodes[$0] } ?? (entry.object.isGlobal ? "several" : "") : origin.node
        if let volume = entry.volume {
          let record = answer.survey.volumes.first { $0.id == volume && $0.kind == .volume }
          object.claim =
            record.map {
              ListedVolume(record: $0, origin: origin, claimed: claims?.claim(cluster: origin.cluster, volume: volume))
                .claim
            } ?? ""
        }
        listed.append(object)
      }
    }
    objects = Self.sorted(listed, asked.order)
    var isCut = answers.found.contains { $0.answer.isCut }
    if asked.limit > 0, objects.count > asked.limit {
      objects.removeLast(objects.count - asked.limit)
      isCut = true
    }
    self.isCut = isCut
    // Of one volume it is enough that one store has it.
    let failures =
      asked.scope == .everything || answers.found.isEmpty
      ? answers.notes
      : answers.failures.filter { $0.error.code != .notFound }.map {
        "the store \($0.origin.label) is not shown: \($0.error.description)"
      }
    notes = targets.notes + failures + answers.found.flatMap { $0.answer.survey.notes }
  }

  private static func sorted(_ objects: [ListedObject], _ order: ObjectOrder) -> [ListedObject] {
    let ranked = order.sorted(objects.map(\.entry))
    var places: [String: Int] = [:]
    for (place, entry) in ranked.enumerated() { places["\(entry.object.id)/\(entry.volume ?? "")"] = place }
    return objects.sorted { left, right in
      let (first, second) = (
        places["\(left.id)/\(left.entry.volume ?? "")"] ?? 0, places["\(right.id)/\(right.entry.volume ?? "")"] ?? 0
      )
      return first == second ? left.origin.label < right.origin.label : first < second
    }
  }

  /// Names of nodes by the instance that runs there: those of pods, then what stores say of themselves.
  private static func nodes(_ surveys: [(StoreOrigin, StoreSurvey)]) -> [UInt64: String] {
    var nodes: [UInt64: String] = [:]
    for (_, survey) in surveys {
      for (key, record) in survey.instances {
        guard let instance = UInt64(key.dropFirst()), nodes[instance] == nil else { continue }
        nodes[instance] = record["nodename"]?.string ?? record["hostname"]?.string
      }
    }
    for (origin, survey) in surveys where !origin.node.isEmpty { nodes[survey.instance] = origin.node }
    return nodes
  }

  /// Says on stderr what is not shown.
  func report(_ context: CommandContext, limit: Int) {
    for note in notes { context.note("not shown: \(note)") }
    if isCut { context.note("there are more than these \(objects.count); --limit 0 shows all") }
  }
}

extension StoreTargets {
  /// The claims of the cluster's volumes; nil outside of a cluster.
  ///
  /// - Throws: `ProgramError`.
  func claims() async throws -> VolumeClaims? {
    guard let client else { return nil }
    let claims = try await VolumeClaims(client: client)
    for kind in claims.unseen {
      log.debug("\(kind) objects may not be listed, so claims or pods of volumes are not shown")
    }
    return claims
  }
}

extension ScopeArguments {
  /// The part of the stores that is meant.
  ///
  /// - Throws: `ProgramError`, with code `notFound` for a claim without a volume of ours.
  func resolved(_ claims: VolumeClaims?) throws -> SurveyScope {
    if let volume { return .volume(volume) }
    guard let claim else { return .everything }
    guard let claims else {
      throw ProgramError(
        .usage, "--claim needs a cluster", hint: "give --volume, or leave out the address of the store")
    }
    guard let handle = claims.handle(ofClaim: claim), let volume = handle.split(separator: "/").last else {
      throw ProgramError(
        .notFound, "the claim '\(claim.printable(120))' has no volume of Vineyard",
        cause: claims.unseen.isEmpty ? nil : "\(claims.unseen.joined(separator: " and ")) objects may not be listed",
        hint: "'vineyardctl debug pvc NAMESPACE/NAME' says why; 'vineyardctl ls volumes' lists those there are")
    }
    return .volume(String(volume))
  }
}
