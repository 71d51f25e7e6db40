import Documents
import KubernetesClient
import Support

/// Takes away what a plan made, wave after wave from the last to the first, and only what is ours.
public struct Remover: Sendable {
  /// How to go about it.
  public struct Options: Sendable {
    /// Whether to wait until the objects are gone.
    public var waits = true
    /// How long all waves may take together, nil for as long as it takes.
    public var timeout: TimeSpan?
    /// Whether the namespace goes even if this program did not create it.
    public var deletesNamespace = false
    /// Whether the server only checks and changes nothing.
    public var isDryRun = false

    public init(timeout: TimeSpan?) { self.timeout = timeout }
  }

  let client: KubernetesClient
  let story: Story
  let log: Log
  let options: Options

  public init(client: KubernetesClient, story: Story, log: Log, options: Options) {
    self.client = client
    self.story = story
    self.log = log
    self.options = options
  }

  /// Removes the objects of a plan.
  ///
  /// - Returns: what was removed, in that order; empty when nothing was there.
  /// - Throws: `CommandError`: `failed` when the server refuses, `notReady` when something is still there at the end.
  public func remove(_ plan: Plan) async throws -> [ObjectReference] {
    let deadline = Deadline(after: options.timeout)
    let board = WaitBoard(story: story)
    var removed: [ObjectReference] = []
    for wave in plan.waves.reversed() {
      let doomed = try await delete(wave.objects.reversed())
      removed += doomed.map(\.reference)
      // Later waves serve earlier ones: an operator must outlive its resources.
      if !options.isDryRun { try await waitUntilGone(doomed, deadline, board) }
    }
    return removed
  }

  private func delete(_ objects: [KubernetesObject]) async throws -> [KubernetesObject] {
    try await withThrowingTaskGroup(of: (Int, KubernetesObject?).self) { group in
      for (index, object) in objects.enumerated() {
        group.addTask { (index, try await ObjectRemover(remover: self).delete(object.reference)) }
      }
      var deleted: [Int: KubernetesObject] = [:]
      for try await (index, object) in group { deleted[index] = object }
      let inOrder = objects.indices.compactMap { deleted[$0] }
      for object in inOrder {
        story.tell(.action, "\(object.reference) \(options.isDryRun ? "would be deleted" : "deleted")")
      }
      return inOrder
    }
  }

  private func waitUntilGone(_ objects: [KubernetesObject], _ deadline: Deadline, _ board: WaitBoard) async throws {
    guard options.waits, !objects.isEmpty else { return }
    let isDone = try await deadline.race {
      try await withThrowingTaskGroup(of: Void.self) { group in
        for object in objects { group.addTask { try await ObjectRemover(remover: self).waitUntilGone(object, board) } }
        try await group.waitForAll()
      }
    }
    guard !isDone else { return }
    throw await ObjectRemover(remover: self).stillThere(objects, deadline)
  }
}
