import Documents
import Support
import Synchronization

/// The resources of each group and version that was asked for; callers who ask together wait for one answer.
final class DiscoveryCache: Sendable {
  typealias Resources = [String: APIResource]

  private let answers = Mutex<[String: SharedTask<Resources>]>([:])

  /// The resources by kind.
  ///
  /// - Parameters:
  ///   - isFresh: whether an answer from before this call will not do.
  ///   - ask: asks the server; empty when it has no such version.
  func resources(
    _ apiVersion: String, isFresh: Bool = false, ask: @escaping @Sendable () async throws -> Resources
  ) async throws -> (resources: Resources, isOwn: Bool) {
    let (answer, isOwn) = answers.withLock { answers in
      if !isFresh, let answer = answers[apiVersion], !answer.isAbandoned { return (answer, false) }
      let answer = SharedTask(ask)
      answers[apiVersion] = answer
      return (answer, true)
    }
    do {
      return (try await answer.value(), isOwn)
    } catch {
      answers.withLock { if $0[apiVersion] === answer { $0[apiVersion] = nil } }
      // Everybody had left that question before this caller joined it.
      if error is CancellationError && !Task.isCancelled { return try await resources(apiVersion, ask: ask) }
      throw error
    }
  }
}
