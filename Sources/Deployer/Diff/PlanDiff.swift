import Documents
import KubernetesClient
import Support

/// What applying a plan would change, as the server sees it.
public struct PlanDiff: Sendable {
  private let client: KubernetesClient
  private let forcesConflicts: Bool

  public init(client: KubernetesClient, forcesConflicts: Bool) {
    self.client = client
    self.forcesConflicts = forcesConflicts
  }

  /// The differences between the live objects and the plan, in unified format; empty when there are none.
  public func text(_ plan: Plan) async throws -> String {
    try await withThrowingTaskGroup(of: (Int, String).self) { group in
      for (index, object) in plan.objects.enumerated() {
        group.addTask { (index, try await difference(object)) }
      }
      var texts: [Int: String] = [:]
      for try await (index, text) in group { texts[index] = text }
      return plan.objects.indices.compactMap { texts[$0] }.joined()
    }
  }

  private func difference(_ object: KubernetesObject) async throws -> String {
    let live = try await existing(object.reference)
    let rehearsal = Rehearsal(client: client, forcesConflicts: forcesConflicts)
    let merged = try await rehearsal.apply(object, over: live) ?? object
    let name = "\(object.reference)"
    return UnifiedDiff.text(
      from: live.map { ComparableObject.shown($0, as: "live", besides: merged).yaml } ?? "",
      to: ComparableObject.shown(merged, as: "planned", besides: live).yaml,
      names: ("live \(name)", "planned \(name)"))
  }

  private func existing(_ reference: ObjectReference) async throws -> KubernetesObject? {
    do {
      return try await client.get(reference)
    } catch let error as KubernetesError where error.httpStatus == 404 {
      return nil
    }
  }
}
