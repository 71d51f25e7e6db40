import Deployer
import KubernetesObjects
import Support

extension Removal {
  /// Refuses a name that nothing has while others are there: most likely it is mistyped, and nothing must go for that.
  ///
  /// Without any others, whatever an earlier deletion has left is removed.
  ///
  /// - Parameters:
  ///   - kind: `vineyardd`, `csidriver`, as people write it.
  ///   - namespace: where it is looked for, nil for a kind without namespaces.
  /// - Throws: `CommandError` with code `notFound` and the nearest name as a hint.
  func requireKnown(_ kind: String, _ name: String, in namespace: String?, among live: [KubernetesObject]) throws {
    guard !live.contains(where: { $0.name == name && $0.namespace == namespace }), !live.isEmpty else { return }
    let shown = namespace.map { "\($0)/\(name)" } ?? name
    throw CommandError(
      .notFound, "there is no \(kind) \(shown)", cause: "nothing was deleted",
      hint: Self.suggestion(name, namespace, live))
  }

  /// How to name what was probably meant.
  private static func suggestion(_ name: String, _ namespace: String?, _ live: [KubernetesObject]) -> String {
    let here = live.filter { $0.namespace == namespace }.map(\.name)
    if let guess = nearest(to: name, in: here) { return "did you mean --name \(guess)?" }
    if let elsewhere = live.first(where: { $0.name == name }), let place = elsewhere.namespace {
      return "there is one in another namespace: -n \(place)"
    }
    let names = live.map { object in object.namespace.map { "\($0)/\(object.name)" } ?? object.name }.sorted()
    return "there \(names.count == 1 ? "is" : "are") \(names.prefix(5).joined(separator: ", "))"
  }

  /// Refuses to take away, by the name of another namespace, what an operator has outside of its own.
  ///
  /// - Throws: `CommandError` with code `notFound`.
  func requireOperatorHere() async throws {
    let operators = try await OperatorPresence(client: client).namespaces()
    guard let place = operators.sorted().first, !operators.contains(arguments.namespace) else { return }
    throw CommandError(
      .notFound, "there is no operator in the namespace '\(arguments.namespace)'", cause: "nothing was deleted",
      hint: "there is one in another namespace: -n \(place)")
  }

  /// Refuses to take the operator along with its namespace while resources elsewhere need it.
  func requireDispensable(for remaining: [KubernetesObject]) async throws {
    guard arguments.deletesNamespace, try await OperatorPresence(client: client).isIn(arguments.namespace),
      let first = remaining.first(where: { $0.namespace != arguments.namespace })
    else { return }
    throw CommandError(
      .failed, "the namespace '\(arguments.namespace)' holds the operator, which \(first.reference) needs",
      hint: "delete that first, or leave --delete-namespace out")
  }
}
