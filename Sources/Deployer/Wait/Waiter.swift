import KubernetesClient
import KubernetesObjects
import Support

/// Waits until objects are ready, and tells what stands in their way.
struct Waiter: Sendable {
  let client: KubernetesClient
  let board: WaitBoard
  let log: Log

  /// Waits for every gate.
  ///
  /// - Throws: `CommandError` with code `notReady` and the reason of the first gate that is not ready at `deadline`;
  ///   `CancellationError` when the command is interrupted.
  func wait(for gates: [Gate], until deadline: Deadline) async throws {
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
  private func watch(_ gate: Gate) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await self.watchObject(gate) }
      if let selector = gate.podSelector { group.addTask { await self.watchPods(of: gate, selector) } }
      // The object decides; watching pods never ends by itself.
      try await group.next()
      group.cancelAll()
    }
  }

  private func watchObject(_ gate: Gate) async throws {
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
  private func watchPods(of gate: Gate, _ selector: String) async {
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
