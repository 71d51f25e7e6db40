import GRPCCore
import Support
import SwiftProtobuf
import Synchronization

/// Sees every call: counts it, writes its line to the log, and turns what a handler throws into a status.
struct CallObserver: ServerInterceptor {
  let log: Log
  let metrics: CallMetrics

  func intercept<Input: Sendable, Output: Sendable>(
    request: StreamingServerRequest<Input>, context: ServerContext,
    next: @Sendable (StreamingServerRequest<Input>, ServerContext) async throws -> StreamingServerResponse<Output>
  ) async throws -> StreamingServerResponse<Output> {
    let start = monotonicNanoseconds()
    let seen = SeenRequest()
    var request = request
    if log.isVerbose {
      request.messages = RPCAsyncSequence(
        wrapping: request.messages.map { message in
          seen.note(message)
          return message
        })
    }
    metrics.begin()
    do {
      let response = try await next(request, context)
      finish(context, seen, nil, since: start)
      return response
    } catch {
      let error = Self.status(error)
      finish(context, seen, error, since: start)
      throw error
    }
  }

  /// The status of anything that may be thrown; nothing but its text gets out.
  private static func status(_ error: any Error) -> RPCError {
    switch error {
    case let error as RPCError: RPCError(code: error.code, message: error.message.onOneLine)
    case is CancellationError: RPCError(code: .cancelled, message: "the call was cancelled")
    case let error as CommandError: RPCError(code: .internalError, message: error.description)
    default: RPCError(code: .internalError, message: "\(error)".onOneLine)
    }
  }

  /// The name of a status in the words of gRPC, which are those of other drivers' metrics: `NOT_FOUND`.
  private static func name(_ code: RPCError.Code) -> String {
    "\(code)".reduce(into: "") { name, letter in
      if letter.isUppercase { name.append("_") }
      name += letter.uppercased()
    }
  }

  private func finish(_ context: ServerContext, _ seen: SeenRequest, _ error: RPCError?, since start: UInt64) {
    let duration = monotonicNanoseconds() - start
    let method = context.descriptor.method
    let code = error.map { Self.name($0.code) } ?? "OK"
    metrics.end(method, code: code, nanoseconds: duration)
    if let error, error.code == .internalError { log.error("\(method) failed: \(error.message)") }
    log.debug("\(method) {\(seen.text)}: \(code)\(error.map { ", \($0.message)" } ?? ""), \(duration / 1000) µs")
  }
}

/// The text of a call's request, for the log.
private final class SeenRequest: Sendable {
  private let message = Mutex<(any Message)?>(nil)

  func note(_ input: any Sendable) {
    guard let input = input as? any Message else { return }
    message.withLock { $0 = input }
  }

  /// The request on one line, without what must stay secret.
  var text: String {
    guard let message = message.withLock({ $0 }) else { return "" }
    return message.withoutSecrets.textFormatString().split(separator: "\n")
      .map { $0.drop { $0 == " " } }.joined(separator: " ")
  }
}
