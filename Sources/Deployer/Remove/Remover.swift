import Coordination
import KubernetesClient
import KubernetesObjects
import Logging
import Support

/// Takes away the objects that a plan made, wave after wave from the last to the first, and only those that are ours.
public struct Remover: Sendable {
  /// Choices for the removal.
  public struct Options: Sendable {
    /// Whether to wait until the objects are gone.
    public var waits = true
    /// Time that all waves may take together; nil for as long as it takes.
    public var timeout: TimeSpan?
    /// Whether the namespace goes even if this program did not create it.
    public var deletesNamespace = false
    /// Whether nothing is deleted.
    public var isDryRun = false
    /// Whether the server checks a dry run.
    public var asksServer = true

    public init(timeout: TimeSpan?) { self.timeout = timeout }
  }

  let client: KubernetesClient
  let progress: ProgressReporter
  let log: Logger
  let options: Options

  public init(client: KubernetesClient, progress: ProgressReporter, log: Logger, options: Options) {
    self.client = client
    self.progress = progress
    self.log = log
    self.options = options
  }

  /// Removes the objects of a plan.
  ///
  /// - Returns: what was removed, in that order; empty when nothing was there.
  /// - Throws: `ProgramError`: `failed` when the server refuses, `notReady` when something is still there at the end.
  public func remove(_ plan: Plan) async throws -> [ObjectReference] {
    let deadline = Deadline(after: options.timeout)
    var removed: [ObjectReference] = []
    var pending = PendingDeletions()
    for wave in plan.waves.reversed() {
      let remover = ObjectRemover(client: client, options: options, pending: pending)
      let outcomes = try await wave.objects.map(\.reference).reversed()
        .mapConcurrently({ try await remover.delete($0) }, inOrder: report)
      let deleted = outcomes.compactMap(\.deleted)
      removed += deleted.map(\.object.reference)
      pending.insert(deleted.map(\.object))
      // Later waves serve earlier ones: an operator must outlive its resources.
      if options.waits && !options.isDryRun {
        let waiter = DeletionWaiter(client: client, board: ProgressBoard(progress: progress))
        try await waiter.wait(for: deleted.map(\.object) + deleted.flatMap(\.dependents), until: deadline)
      }
    }
    return removed
  }

  private func report(_ outcome: ObjectRemover.Outcome) {
    switch outcome {
    case .absent: break
    case .kept(let reference, let reason): progress.report(.warning, "\(reference) is kept: \(reason)")
    case .deleted(let object, _):
      progress.report(.action, "\(object.reference) \(options.isDryRun ? "would be deleted" : "deleted")")
    }
  }
}

/// Objects that a run of deletions has taken away so far: they may still be there for a moment, but count as gone.
struct PendingDeletions: Sendable {
  private var uids: Set<String> = []

  /// Adds objects that are being deleted, or would be in a dry run.
  mutating func insert(_ objects: [KubernetesObject]) { uids.formUnion(objects.compactMap(\.uid)) }

  /// Whether an object is going: by itself, or with one of its owners.
  func contains(_ object: KubernetesObject) -> Bool {
    if object.isBeingDeleted { return true }
    if let uid = object.uid, uids.contains(uid) { return true }
    return object.owners.contains { uids.contains($0.uid) }
  }
}
