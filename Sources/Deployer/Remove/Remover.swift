import KubernetesClient
import KubernetesObjects
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
    /// Whether nothing is deleted.
    public var isDryRun = false
    /// Whether the server checks a dry run.
    public var asksServer = true

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
    var removed: [ObjectReference] = []
    var doomed = Doomed()
    for wave in plan.waves.reversed() {
      let going = try await delete(wave.objects.map(\.reference).reversed(), after: doomed)
      removed += going.objects.map(\.reference)
      doomed.insert(going.objects)
      // Later waves serve earlier ones: an operator must outlive its resources.
      if options.waits && !options.isDryRun {
        let disappearance = Disappearance(client: client, board: WaitBoard(story: story))
        try await disappearance.wait(for: going.objects + going.dependents, until: deadline)
      }
    }
    return removed
  }

  private struct Going {
    var objects: [KubernetesObject] = []
    var dependents: [KubernetesObject] = []
  }

  /// Deletes the objects of one wave side by side and tells of each in their order.
  private func delete(_ references: [ObjectReference], after doomed: Doomed) async throws -> Going {
    let remover = ObjectRemover(client: client, options: options, doomed: doomed)
    return try await withThrowingTaskGroup(of: (Int, ObjectRemover.Outcome).self) { group in
      for (index, reference) in references.enumerated() {
        group.addTask { (index, try await remover.delete(reference)) }
      }
      var outcomes: [Int: ObjectRemover.Outcome] = [:]
      var going = Going()
      var told = 0
      for try await (index, outcome) in group {
        outcomes[index] = outcome
        while let next = outcomes[told] {
          note(next, of: references[told], in: &going)
          told += 1
        }
      }
      return going
    }
  }

  private func note(_ outcome: ObjectRemover.Outcome, of reference: ObjectReference, in going: inout Going) {
    switch outcome {
    case .absent: break
    case .kept(let reason): story.tell(.warning, "\(reference) is kept: \(reason)")
    case .deleted(let object, let dependents):
      story.tell(.action, "\(reference) \(options.isDryRun ? "would be deleted" : "deleted")")
      going.objects.append(object)
      going.dependents += dependents
    }
  }
}
