import Coordination
import KubernetesClient
import KubernetesObjects
import Logging
import Support

/// Makes a cluster match a plan, by server-side apply, wave after wave.
public struct Installer: Sendable {
  /// Choices for the installation.
  public struct Options: Sendable {
    /// Whether to wait also for objects that no later wave needs.
    public var waits = true
    /// Time that all waves may take together; nil for as long as it takes.
    public var timeout: TimeSpan?
    /// Whether fields that another field manager owns are taken over.
    public var forcesConflicts = false
    /// Whether the server only checks and changes nothing.
    public var isDryRun = false

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

  /// Applies a plan.
  ///
  /// - Returns: the objects as the server has them now, in the order of the plan.
  /// - Throws: `ProgramError`: `failed` when the server refuses an object, `notReady` when something does not get
  ///   ready in time; what was applied until then stays.
  public func apply(_ plan: Plan) async throws -> [KubernetesObject] {
    let deadline = Deadline(after: options.timeout)
    var applied: [KubernetesObject] = []
    let waves = options.waits ? plan.waves : plan.withoutWaiting
    for (index, wave) in waves.enumerated() {
      // The block of an earlier wave stays as it is: lines have been written below it.
      let board = ProgressBoard(progress: progress)
      for cleanUp in wave.cleanUps { try await self.cleanUp(cleanUp, until: deadline, board) }
      let applier = RetryingApply(installer: self, deadline: deadline, board: board)
      applied += try await wave.objects.mapConcurrently(applier.apply) { report($0, board) }.map(\.object)
      if options.isDryRun { continue }
      let isLast = index == waves.count - 1
      let gates = wave.gates.filter { options.waits || (!isLast && $0.object.type == .customResourceDefinition) }
      try await ReadinessWaiter(client: client, board: board, log: log)
        .wait(for: gates.map { $0.expecting(applied) }, until: deadline)
    }
    return applied
  }

  private func report(_ outcome: ApplyOutcome, _ board: ProgressBoard) {
    let suffix = options.isDryRun ? " (dry run)" : ""
    board.report(.change, "\(outcome.object.reference) \(outcome.change.rawValue)\(suffix)")
  }
}
