import KubernetesClient
import KubernetesObjects
import Synchronization

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

  private let board: WaitBoard
  private let state = Mutex(State())

  init(board: WaitBoard) { self.board = board }

  /// How often is looked whether pods without a node have got one, and how often they must have been found without.
  private static let pause = Duration.seconds(1)
  private static let patience = 3

  /// Takes what a watch brings.
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
      return Set(state.rounds.filter { $0.value >= Self.patience }.keys)
    }
    tell { ripe.contains($0.uid ?? $0.name) }
  }

  private func tell(where isDue: (KubernetesObject) -> Bool) {
    let troubles = state.withLock { state in
      state.pods.values.filter(isDue).compactMap { PodTrouble.of($0) }.sorted()
        .filter { state.told.insert($0).inserted }
    }
    for trouble in troubles { board.tell(.warning, trouble) }
  }
}
