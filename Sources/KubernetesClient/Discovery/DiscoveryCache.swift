import Documents
import Synchronization

/// The resources of each group and version that was asked for; callers who ask together wait for one answer.
final class DiscoveryCache: Sendable {
  typealias Resources = [String: APIResource]

  private let answers = Mutex<[String: Task<Resources, any Error>]>([:])

  /// The resources by kind.
  ///
  /// - Parameters:
  ///   - isFresh: whether an answer from before this call will not do.
  ///   - ask: asks the server; empty when it has no such version.
  func resources(
    _ apiVersion: String, isFresh: Bool = false, ask: @escaping @Sendable () async throws -> Resources
  ) async throws -> (resources: Resources, isOwn: Bool) {
    let (answer, isOwn) = answers.withLock { answers in
      if !isFresh, let answer = answers[apiVersion] { return (answer, false) }
      let answer = Task { try await ask() }
      answers[apiVersion] = answer
      return (answer, true)
    }
    do {
      return (try await answer.value, isOwn)
    } catch {
      answers.withLock { if $0[apiVersion] == answer { $0[apiVersion] = nil } }
      throw error
    }
  }
}
