import ClusterInventory
import KubernetesClient
import KubernetesObjects
import Support

/// Reason why no operator has looked at a custom resource: state of the operator, generation seen last, and advice.
struct OperatorAbsence: Sendable {
  let client: KubernetesClient

  /// Obstacle between the operator and a resource; nil where nothing can be seen of either.
  func of(_ resource: ObjectReference) async -> (state: String, advice: String)? {
    guard let all = try? await OperatorPresence(client: client).deployments() else { return nil }
    guard let found = all.first(where: { $0.namespace == resource.namespace }) ?? all.first else {
      return ("and none is deployed", "'vineyardctl deploy operator --create-namespace' deploys it")
    }
    let readiness = Readiness.of(found)
    let place = found.namespace ?? ""
    guard readiness.isReady else {
      return (
        "and \(found.reference) is not ready: \(readiness.detail)",
        "'vineyardctl status -n \(place)' tells what it lacks"
      )
    }
    let seen = (try? await client.get(resource)).map { Self.lastSeen($0) } ?? ""
    return (
      "and \(found.reference) is ready\(seen)",
      "'kubectl logs -n \(place) deployment/\(found.name)' shows what the operator does"
    )
  }

  /// The generation of a resource that the operator saw last, as the end of a sentence.
  static func lastSeen(_ resource: KubernetesObject) -> String {
    guard let generation = resource.generation else { return "" }
    guard let seen = resource.tree["status", "observedGeneration"]?.int else {
      return " but has said nothing about generation \(generation)"
    }
    return " but was last seen with generation \(seen), not \(generation)"
  }
}

extension KubernetesError {
  /// The error as the cause of another one, which has a hint of its own.
  var withoutHint: String {
    let error = asProgramError
    return [error.message, error.cause].compactMap { $0 }.joined(separator: ": ")
  }
}
