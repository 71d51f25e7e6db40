import Coordination
import KubernetesClient
import KubernetesObjects
import Support

/// The difference between an object in the cluster and the one that is planned.
public struct ObjectDifference: Sendable {
  public let reference: ObjectReference
  /// Whether the cluster has no such object.
  public let isNew: Bool
  /// The difference in unified format, with the values of secrets masked.
  public let text: String
}

/// Compares a plan with the cluster, as the server sees it.
public struct PlanDiff: Sendable {
  private let client: KubernetesClient
  private let progress: ProgressReporter
  private let forcesConflicts: Bool

  /// - Parameter forcesConflicts: whether conflicts with other field managers are taken for granted, not told.
  public init(client: KubernetesClient, progress: ProgressReporter, forcesConflicts: Bool) {
    self.client = client
    self.progress = progress
    self.forcesConflicts = forcesConflicts
  }

  /// The objects of a plan that are not in the cluster as they are planned, in the order of the plan.
  ///
  /// - Throws: as every call of `KubernetesClient`, for instance when the server refuses an object.
  public func differences(_ plan: Plan) async throws -> [ObjectDifference] {
    try await plan.objects.mapConcurrently(difference).compactMap { $0 }
  }

  private func difference(_ object: KubernetesObject) async throws -> ObjectDifference? {
    let live = try await client.existing(object.reference)
    let merged = try await rehearsed(object, over: live) ?? object
    let name = "\(object.reference)"
    let text = UnifiedDiff.text(
      from: live.map { ComparableObject.shown($0, as: "live", besides: merged).yaml } ?? "",
      to: ComparableObject.shown(merged, as: "planned", besides: live).yaml,
      names: ("live \(name)", "planned \(name)"))
    return text.isEmpty ? nil : ObjectDifference(reference: object.reference, isNew: live == nil, text: text)
  }

  /// A conflict is a difference, too, which is told and shown.
  private func rehearsed(_ object: KubernetesObject, over live: KubernetesObject?) async throws -> KubernetesObject? {
    do {
      return try await DryRunApply(client: client, forcesConflicts: forcesConflicts).apply(object, over: live)
    } catch let error as KubernetesError where error.isConflict && !forcesConflicts {
      progress.report(.warning, error.description)
      return try await DryRunApply(client: client, forcesConflicts: true).apply(object, over: live)
    }
  }
}

/// Differences between two texts, line by line.
///
/// Source: the unified format of GNU diffutils, three lines of context.
enum UnifiedDiff {
  /// The differences, empty when there are none.
  static func text(from old: String, to new: String, names: (old: String, new: String)) -> String {
    let edits = edits(from: lines(old), to: lines(new))
    let changed = edits.indices.filter { edits[$0].sign != " " }
    guard !changed.isEmpty else { return "" }
    var text = "--- \(names.old)\n+++ \(names.new)\n"
    for range in hunks(around: changed, count: edits.count) {
      text += header(edits, range)
      for edit in edits[range] { text += "\(edit.sign)\(edit.line)\n" }
    }
    return text
  }

  private struct Edit {
    let sign: Character
    let line: Substring
  }

  private static let context = 3

  private static func lines(_ text: String) -> [Substring] {
    text.isEmpty
      ? []
      : (text.hasSuffix("\n") ? text.dropLast() : text[...]).split(separator: "\n", omittingEmptySubsequences: false)
  }

  /// Both texts as one list of kept, removed and added lines.
  private static func edits(from old: [Substring], to new: [Substring]) -> [Edit] {
    let difference = new.difference(from: old)
    var removed: Set<Int> = []
    var added: Set<Int> = []
    for change in difference {
      switch change {
      case .remove(let offset, _, _): removed.insert(offset)
      case .insert(let offset, _, _): added.insert(offset)
      }
    }
    var edits: [Edit] = []
    var (left, right) = (0, 0)
    while left < old.count || right < new.count {
      if removed.contains(left) {
        edits.append(Edit(sign: "-", line: old[left]))
        left += 1
      } else if added.contains(right) {
        edits.append(Edit(sign: "+", line: new[right]))
        right += 1
      } else {
        edits.append(Edit(sign: " ", line: new[right]))
        left += 1
        right += 1
      }
    }
    return edits
  }

  /// Ranges of edits to show; changes whose contexts touch share one.
  private static func hunks(around changed: [Int], count: Int) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    for index in changed {
      let range = max(0, index - context)..<min(count, index + context + 1)
      if let last = ranges.last, range.lowerBound <= last.upperBound {
        ranges[ranges.count - 1] = last.lowerBound..<range.upperBound
      } else {
        ranges.append(range)
      }
    }
    return ranges
  }

  private static func header(_ edits: [Edit], _ range: Range<Int>) -> String {
    func span(_ signs: Set<Character>) -> String {
      let before = edits[..<range.lowerBound].count { signs.contains($0.sign) }
      let count = edits[range].count { signs.contains($0.sign) }
      return "\(count == 0 ? before : before + 1),\(count)"
    }
    return "@@ -\(span([" ", "-"])) +\(span([" ", "+"])) @@\n"
  }
}
