import ClusterInventory
import KubernetesClient
import KubernetesObjects
import Support

/// Keeps storage that is in use from being taken away.
public struct UsageGuard: Sendable {
  private let client: KubernetesClient
  private let progress: ProgressReporter

  public init(client: KubernetesClient, progress: ProgressReporter) {
    self.client = client
    self.progress = progress
  }

  /// Makes sure that nothing in the cluster needs some volumes.
  ///
  /// - Parameters:
  ///   - what: what is to be deleted, as people read it.
  ///   - isForced: whether it goes all the same; then what is left without driver or store is told.
  ///   - needsDriver: whether the driver goes, so that the kubelet cannot take volumes down any more.
  /// - Throws: `ProgramError` naming the claims, pods and volumes.
  public func requireUnused(
    _ scope: VolumeUses.Scope, by what: String, isForced: Bool, needsDriver: Bool
  ) async throws {
    if case .clusters(let clusters, _) = scope, clusters.isEmpty { return }
    let findings = try await VolumeUses(client: client, scope: scope).find()
    if !findings.unseen.isEmpty {
      progress.report(
        .warning,
        "\(findings.unseen.joined(separator: " and ")) objects cannot be listed: what uses \(what) may be more")
    }
    guard let phrase = findings.uses.phrase else { return }
    guard isForced else { throw Self.refusal(what, phrase, findings.uses, needsDriver: needsDriver) }
    progress.report(
      .warning,
      needsDriver
        ? "\(phrase): pods and volumes that go now hang until 'vineyardctl deploy csidriver' brings the driver back"
        : "\(phrase): what they hold is lost")
  }

  private static func refusal(
    _ what: String, _ phrase: String, _ uses: [VolumeUse], needsDriver: Bool
  ) -> ProgramError {
    let first = uses.allSatisfy { $0.kind == .claim } ? "delete the claims first" : "delete these first"
    return ProgramError(
      .failed, "\(what) is in use", cause: phrase,
      hint: "\(first), or repeat with --force: pods that use them lose their volumes")
  }
}
