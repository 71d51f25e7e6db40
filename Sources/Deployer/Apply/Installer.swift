import KubernetesClient
import KubernetesObjects
import Support

/// Makes a cluster hold what a plan says, by server-side apply, wave after wave.
public struct Installer: Sendable {
  /// How to go about it.
  public struct Options: Sendable {
    /// Whether to wait for what no later wave needs, too.
    public var waits = true
    /// How long all waves may take together, nil for as long as it takes.
    public var timeout: TimeSpan?
    /// Whether fields that another field manager owns are taken over.
    public var forcesConflicts = false
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

  /// Applies a plan.
  ///
  /// - Returns: the objects as the server has them now, in the order of the plan.
  /// - Throws: `CommandError`: `failed` when the server refuses an object, `notReady` when something does not get
  ///   ready in time; what was applied until then stays.
  public func apply(_ plan: Plan) async throws -> [KubernetesObject] {
    let deadline = Deadline(after: options.timeout)
    var applied: [KubernetesObject] = []
    let waves = options.waits ? plan.waves : plan.withoutWaiting
    for (index, wave) in waves.enumerated() {
      // The block of an earlier wave stays as it is: lines have been written below it.
      let board = WaitBoard(story: story)
      let waiter = Waiter(client: client, board: board, log: log)
      for retirement in wave.retirements {
        try await Retirer(installer: self, deadline: deadline, board: board).retire(retirement)
      }
      applied += try await apply(wave, until: deadline, board)
      if options.isDryRun { continue }
      let isLast = index == waves.count - 1
      let gates = wave.gates.filter { options.waits || (!isLast && $0.object.type == .customResourceDefinition) }
      try await waiter.wait(for: gates.map { $0.expecting(applied) }, until: deadline)
    }
    return applied
  }

  /// Applies the objects of one wave side by side and tells of each in the order of the plan.
  private func apply(_ wave: Plan.Wave, until deadline: Deadline, _ board: WaitBoard) async throws -> [KubernetesObject]
  {
    try await withThrowingTaskGroup(of: (Int, ApplyOutcome).self) { group in
      for (index, object) in wave.objects.enumerated() {
        group.addTask {
          (index, try await RetryingApply(installer: self, deadline: deadline, board: board).apply(object))
        }
      }
      var outcomes: [Int: ApplyOutcome] = [:]
      var told = 0
      for try await (index, outcome) in group {
        outcomes[index] = outcome
        while let next = outcomes[told] {
          tell(next, board)
          told += 1
        }
      }
      return wave.objects.indices.compactMap { outcomes[$0]?.object }
    }
  }

  private func tell(_ outcome: ApplyOutcome, _ board: WaitBoard) {
    let suffix = options.isDryRun ? " (dry run)" : ""
    board.tell(.change, "\(outcome.object.reference) \(outcome.change.rawValue)\(suffix)")
  }
}
