import Support

/// Runs what blocks on a thread of its own.
func onThread<Output: Sendable>(
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
