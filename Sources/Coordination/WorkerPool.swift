import Support

/// Runs blocking code on threads of its own, a given number at once, each to its end.
public struct WorkerPool: Sendable {
  private let name: String
  private let semaphore: AsyncSemaphore

  /// - Parameters:
  ///   - name: of the threads.
  ///   - count: threads that run at the same time; further work waits for its turn.
  public init(named name: String, count: Int) {
    self.name = name
    semaphore = AsyncSemaphore(permits: count)
  }

  /// Runs `body` on a thread.
  ///
  /// - Throws: `CancellationError` when the caller was cancelled before it began, `ProgramError` when the system has no
  ///   thread, and what `body` throws.
  public func run<Output: Sendable>(_ body: @escaping @Sendable () throws -> Output) async throws -> Output {
    let result = await semaphore.withPermit { () -> Result<Output, any Error> in
      do { return .success(try await onThread(named: name, body)) } catch { return .failure(error) }
    }
    guard let result else { throw CancellationError() }
    return try result.get()
  }

  /// Runs `body` on a thread, and waits for it no longer than `timeout`.
  ///
  /// - Parameter missed: stands for the output when time is up, the caller is cancelled or there is no thread; a thread
  ///   that runs goes on, and nobody hears of it.
  public func run<Output: Sendable>(
    timeout: Duration, orElse missed: Output, _ body: @escaping @Sendable () -> Output
  ) async -> Output {
    await semaphore.withPermit { await onThread(named: name, timeout: timeout, orElse: missed, body) } ?? missed
  }
}

/// Runs blocking code on a thread of its own.
///
/// - Throws: `ProgramError` when the system has no thread, and what `body` throws.
public func onThread<Output: Sendable>(
  named name: String, _ body: @escaping @Sendable () throws -> Output
) async throws -> Output {
  try await withCheckedThrowingContinuation { continuation in
    do {
      _ = try BackgroundThread(named: name) { continuation.resume(with: Result { try body() }) }
    } catch {
      continuation.resume(throwing: error)
    }
  }
}

/// Runs blocking code on a thread of its own, and waits for it no longer than `timeout`.
///
/// - Parameter missed: stands for the output when time is up, the caller is cancelled or there is no thread; a thread
///   that runs goes on, and nobody hears of it.
public func onThread<Output: Sendable>(
  named name: String, timeout: Duration, orElse missed: Output, _ body: @escaping @Sendable () -> Output
) async -> Output {
  let outcome = OneShot<Output>()
  let timer = Task {
    try await Task.sleep(for: timeout)
    outcome.give(missed)
  }
  defer { timer.cancel() }
  return await withTaskCancellationHandler {
    await outcome.value {
      if !startThread(named: name, { outcome.give(body()) }) { outcome.give(missed) }
    }
  } onCancel: {
    outcome.give(missed)
  }
}

extension Array where Element: Sendable {
  /// Runs a task for each element, all side by side.
  ///
  /// - Parameter done: takes the result of each element as soon as those of all earlier elements have been taken.
  /// - Returns: the results in the order of the elements.
  /// - Throws: the first error of a task; the others are cancelled.
  public func mapConcurrently<Result: Sendable>(
    _ transform: @escaping @Sendable (Element) async throws -> Result, inOrder done: (Result) -> Void = { _ in }
  ) async throws -> [Result] {
    try await withThrowingTaskGroup(of: (Int, Result).self) { group in
      for (index, element) in enumerated() { group.addTask { (index, try await transform(element)) } }
      var early: [Int: Result] = [:]
      var results: [Result] = []
      for try await (index, result) in group {
        early[index] = result
        while let next = early.removeValue(forKey: results.count) {
          done(next)
          results.append(next)
        }
      }
      return results
    }
  }
}
