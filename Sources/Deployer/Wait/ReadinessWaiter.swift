import Coordination
import KubernetesClient
import KubernetesObjects
import Logging
import Support
import Synchronization

/// Waits until objects are ready, and tells the obstacles.
struct ReadinessWaiter: Sendable {
  let client: KubernetesClient
  let board: ProgressBoard
  let log: Logger

  /// Waits for every gate.
  ///
  /// - Throws: `ProgramError` with code `notReady` and the reason of the first gate that is not ready at `deadline`;
  ///   `CancellationError` when the command is interrupted.
  func wait(for gates: [ReadinessGate], until deadline: Deadline) async throws {
    guard !gates.isEmpty else { return }
    let isDone = try await deadline.race {
      try await withThrowingTaskGroup(of: Void.self) { group in
        for gate in gates { group.addTask { try await self.watch(gate) } }
        try await group.waitForAll()
      }
    }
    guard !isDone else { return }
    throw try await WaitFailure(client: client, log: log).explain(gates, after: deadline, board: board)
  }

  /// Follows one object and its pods until it is ready.
  private func watch(_ gate: ReadinessGate) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await self.watchObject(gate) }
      if let selector = gate.podSelector { group.addTask { await self.watchPods(of: gate, selector) } }
      // The object decides; watching pods never ends by itself.
      try await group.next()
      group.cancelAll()
    }
  }

  private func watchObject(_ gate: ReadinessGate) async throws {
    let name = gate.object.description
    let events = client.watch(
      gate.object.type, namespace: gate.object.namespace, fields: "metadata.name=\(gate.object.name)")
    for try await event in events {
      let readiness = event.latest.map { gate.readiness(of: $0) } ?? .pending("does not exist")
      board.update(name, readiness.detail, isDone: readiness.isReady)
      if readiness.isReady { return }
    }
    try Task.checkCancellation()
  }

  /// Warns about each trouble once. Without the right to see pods there are no warnings, which is no failure.
  private func watchPods(of gate: ReadinessGate, _ selector: String) async {
    let watch = PodWatch(board: board)
    do {
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          for try await event in client.watch(.pod, namespace: gate.podNamespace, labels: selector) {
            watch.take(event)
          }
        }
        group.addTask { try await watch.tellOfUnplacedPods() }
        defer { group.cancelAll() }
        try await group.next()
      }
    } catch {
      log.debug("pods of \(gate.object) cannot be watched: \(error)")
    }
    // Ending early would look like the object being ready.
    try? await Task.sleep(for: .seconds(1 << 30))
  }
}

extension WatchEvent {
  /// The state of the one object that is watched, nil when it does not exist.
  var latest: KubernetesObject? {
    switch self {
    case .replaced(let objects): objects.first
    case .added(let object), .modified(let object): object
    case .deleted: nil
    }
  }
}

/// Tells of the troubles of the pods behind an object that is waited for, each once.
///
/// A pod that has no node yet is no trouble by itself: while pods are replaced, the new one waits for the place of the
/// old one. It is told when it still has none a while later and no pod is going.
final class PodWatch: Sendable {
  private struct State {
    var pods: [String: KubernetesObject] = [:]
    var told: Set<String> = []
    /// Rounds in which a pod has been seen without a node.
    var rounds: [String: Int] = [:]
  }

  private let board: ProgressBoard
  private let state = Mutex(State())

  init(board: ProgressBoard) { self.board = board }

  /// Pause between two looks at pods without a node, and number of looks after which the board is told of such a pod.
  private static let pause = Duration.seconds(1)
  private static let roundsWithoutNode = 3

  /// Takes an event of a watch.
  func take(_ event: WatchEvent) {
    state.withLock { state in
      switch event {
      case .replaced(let objects):
        state.pods = Dictionary(objects.map { ($0.uid ?? $0.name, $0) }, uniquingKeysWith: { _, last in last })
      case .added(let object), .modified(let object): state.pods[object.uid ?? object.name] = object
      case .deleted(let object): state.pods[object.uid ?? object.name] = nil
      }
    }
    tell { !PodTrouble.isUnplaced($0) }
  }

  /// Looks again and again at pods that have no node.
  func tellOfUnplacedPods() async throws {
    while true {
      try await Task.sleep(for: Self.pause)
      tellOfUnplacedPodsOnce()
    }
  }

  /// One round.
  func tellOfUnplacedPodsOnce() {
    let ripe = state.withLock { state in
      let isReplacing = state.pods.values.contains { $0.isBeingDeleted }
      state.rounds = state.pods.reduce(into: [:]) { rounds, entry in
        guard PodTrouble.isUnplaced(entry.value), !isReplacing else { return }
        rounds[entry.key] = state.rounds[entry.key, default: 0] + 1
      }
      return Set(state.rounds.filter { $0.value >= Self.roundsWithoutNode }.keys)
    }
    tell { ripe.contains($0.uid ?? $0.name) }
  }

  private func tell(where isDue: (KubernetesObject) -> Bool) {
    let troubles = state.withLock { state in
      state.pods.values.filter(isDue).compactMap { PodTrouble.of($0) }.sorted()
        .filter { state.told.insert($0).inserted }
    }
    for trouble in troubles { board.report(.warning, trouble) }
  }
}
