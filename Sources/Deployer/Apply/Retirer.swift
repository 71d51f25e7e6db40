import KubernetesClient
import KubernetesObjects

/// Takes objects of the original program away that have no successor of their own name.
struct Retirer: Sendable {
  let installer: Installer
  let deadline: Deadline
  let board: WaitBoard

  private var client: KubernetesClient { installer.client }

  /// Removes what a retirement names, and waits for its end, unless the successor was applied before.
  ///
  /// - Throws: `CommandError` with code `notReady` when something is still there at the deadline.
  func retire(_ retirement: Retirement) async throws {
    if !retirement.isRepeated, let successor = try await found(retirement.successor), FieldHandover.isApplied(successor)
    {
      return
    }
    let doomed = try await objects(retirement.selection)
    for object in doomed {
      let ending = installer.options.isDryRun ? "would be removed" : "removed"
      let origin = retirement.isRepeated ? "" : " of the original"
      board.tell(.action, "\(object.reference)\(origin) \(ending): \(retirement.reason)")
      if installer.options.isDryRun { continue }
      _ = try await client.delete(object.reference, uid: object.uid)
    }
    if installer.options.isDryRun { return }
    for object in doomed {
      let remains = OldObject(client: client, board: board)
      try await remains.waitUntilGone(object, deadline)
    }
  }

  private func objects(_ selection: Retirement.Selection) async throws -> [KubernetesObject] {
    switch selection {
    case .named(let references): return try await all(references).filter { FieldHandover.isOriginal($0) }
    case .obsolete(let references): return try await all(references).filter { Ownership.isOurs($0) }
    case .members(let name, let namespace):
      async let pods = client.list(.pod, namespace: namespace, labels: "etcd_node").items
      async let services = client.list(.service, namespace: namespace, labels: "etcd_node").items
      return try await (pods + services).filter { isMember($0, of: name) }
    }
  }

  /// The objects that exist, in their order.
  private func all(_ references: [ObjectReference]) async throws -> [KubernetesObject] {
    try await withThrowingTaskGroup(of: (Int, KubernetesObject?).self) { group in
      for (index, reference) in references.enumerated() { group.addTask { (index, try await found(reference)) } }
      var all: [Int: KubernetesObject] = [:]
      for try await (index, object) in group { all[index] = object }
      return references.indices.compactMap { all[$0] }
    }
  }

  /// Whether an object is that of `NAME-0`, `NAME-1` and so on.
  private func isMember(_ object: KubernetesObject, of name: String) -> Bool {
    guard let node = object.labels["etcd_node"], node.hasPrefix("\(name)-") else { return false }
    return UInt(node.dropFirst(name.count + 1)) != nil
  }

  /// nil also when the kind is not there yet, as in a dry run.
  private func found(_ reference: ObjectReference) async throws -> KubernetesObject? {
    do {
      return try await client.get(reference)
    } catch let error as KubernetesError where error.isNotFound {
      return nil
    }
  }
}
