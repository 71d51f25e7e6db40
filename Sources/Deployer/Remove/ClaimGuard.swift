import Documents
import KubernetesClient
import Support

/// Keeps storage from being taken away under those who use it.
public struct ClaimGuard: Sendable {
  private let client: KubernetesClient

  public init(client: KubernetesClient) { self.client = client }

  /// Makes sure that no claim is bound through any of some storage classes.
  ///
  /// - Throws: `CommandError` naming the claims.
  public func requireUnused(_ classes: Set<String>, by what: String) async throws {
    guard !classes.isEmpty else { return }
    let claims = try await client.list(.persistentVolumeClaim).items
    let bound = claims.filter { claim in
      claim.tree["spec", "storageClassName"]?.string.map { classes.contains($0) } == true
        && claim.tree["spec", "volumeName"] != nil
    }
    guard !bound.isEmpty else { return }
    let names = ObjectRemover.enumerated(bound.map { "\($0.namespace ?? "")/\($0.name)" })
    throw CommandError(
      .failed, "\(what) is in use", cause: "\(bound.count == 1 ? "claim" : "claims") \(names)",
      hint: "delete the claims first, or repeat with --force: pods that use them lose their volumes")
  }
}
