import KubernetesClient
import KubernetesObjects
import Support

/// What applying a plan would change, as the server sees it.
public struct PlanDiff: Sendable {
  private let client: KubernetesClient
  private let story: Story
  private let forcesConflicts: Bool

  /// - Parameter forcesConflicts: whether conflicts with other field managers are taken for granted, not told.
  public init(client: KubernetesClient, story: Story, forcesConflicts: Bool) {
    self.client = client
    self.story = story
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
    let merged = try await rehearsed(object, over: live) ?? object
    let name = "\(object.reference)"
    return UnifiedDiff.text(
      from: live.map { ComparableObject.shown($0, as: "live", besides: merged).yaml } ?? "",
      to: ComparableObject.shown(merged, as: "planned", besides: live).yaml,
      names: ("live \(name)", "planned \(name)"))
  }

  /// A conflict is a difference, too, which is told and shown.
  private func rehearsed(_ object: KubernetesObject, over live: KubernetesObject?) async throws -> KubernetesObject? {
    do {
      return try await Rehearsal(client: client, forcesConflicts: forcesConflicts).apply(object, over: live)
    } catch let error as KubernetesError where error.isConflict && !forcesConflicts {
      story.tell(.warning, error.description)
      return try await Rehearsal(client: client, forcesConflicts: true).apply(object, over: live)
    }
  }

  private func existing(_ reference: ObjectReference) async throws -> KubernetesObject? {
    do {
      return try await client.get(reference)
    } catch let error as KubernetesError where error.httpStatus == 404 {
      return nil
    }
  }
}
