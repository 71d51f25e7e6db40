import GRPCCore
import Support

/// Runs what blocks on threads of its own, so many at once, to its end.
struct BlockingWork: Sendable {
  private let seats = Seats(count: 16)

  /// - Throws: `CancellationError` when the caller was cancelled before it began, and what `body` throws.
  func run<Output: Sendable>(_ body: @escaping @Sendable () throws(RPCError) -> Output) async throws -> Output {
    let result = await seats.withSeat { () -> Result<Output, any Error> in
      await withCheckedContinuation { continuation in
        let isStarted = startThread(named: "csi-mount") {
          continuation.resume(returning: Result { try body() })
        }
        guard !isStarted else { return }
        let error = RPCError(code: .resourceExhausted, message: "there is no thread for the call, try again later")
        continuation.resume(returning: .failure(error))
      }
    }
    guard let result else { throw CancellationError() }
    return try result.get()
  }
}
