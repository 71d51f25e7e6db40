import Coordination
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import NIOCore
import Synchronization

/// Calls with one request and one answer, without what the library adds for streams and repetition.
extension EtcdConnection {
  /// What is known of a call from outside of its task.
  private final class Course: Sendable {
    /// Whether it had a connection to leave by.
    let wasSent = Atomic(false)
    let isLate = Atomic(false)
  }

  /// A call that was not answered.
  struct Unanswered: Error {
    let error: any Error
    /// Whether the request may have left.
    let wasSent: Bool
  }

  /// Sends a message and waits for the one that answers it. The work is done on the thread of the connections.
  ///
  /// - Parameter limit: the time it may take.
  /// - Throws: `Unanswered`, with an `RPCError` where etcd or the library say what is wrong.
  func call(
    _ method: MethodDescriptor, _ message: Transport.Bytes, _ metadata: Metadata, within limit: Duration
  ) async throws(Unanswered) -> Transport.Bytes {
    let course = Course()
    let milliseconds = max(
      1, min(limit.components.seconds, 99_999) * 1000 + limit.components.attoseconds / 1_000_000_000_000_000)
    var metadata = metadata
    metadata.replaceOrAddString("\(milliseconds)m", forKey: "grpc-timeout")
    let parts: [RPCRequestPart<Transport.Bytes>] = [.metadata(metadata), .message(message)]
    let work = Task(executorPreference: ConnectionThread.shared) { [transport] in
      try await transport.withStream(descriptor: method, options: Caller.options) { stream, _ in
        course.wasSent.store(true, ordering: .relaxed)
        // Where etcd refuses before it has read all, the reason is in what it sends.
        try? await stream.outbound.write(contentsOf: parts)
        await stream.outbound.finish()
        return try await Self.answer(in: stream.inbound)
      }
    }
    let clock = ConnectionThread.shared.eventLoop.scheduleTask(in: .milliseconds(milliseconds)) {
      course.isLate.store(true, ordering: .relaxed)
      work.cancel()
    }
    let result = await withTaskCancellationHandler {
      await work.result
    } onCancel: {
      work.cancel()
    }
    clock.cancel()
    switch result {
    case .success(let answer): return answer
    case .failure(let error):
      let isLate = course.isLate.load(ordering: .relaxed)
      throw Unanswered(
        error: isLate ? RPCError(code: .deadlineExceeded, message: "no answer within \(limit.text)") : error,
        wasSent: course.wasSent.load(ordering: .relaxed))
    }
  }

  private static func answer(
    in parts: RPCAsyncSequence<RPCResponsePart<Transport.Bytes>, any Error>
  ) async throws -> Transport.Bytes {
    var answer: Transport.Bytes?
    for try await part in parts {
      switch part {
      case .metadata: break
      case .message(let bytes):
        guard answer == nil else { throw RPCError(code: .internalError, message: "more than one answer") }
        answer = bytes
      case .status(let status, let metadata):
        if let error = RPCError(status: status, metadata: metadata) { throw error }
        guard let answer else { throw RPCError(code: .internalError, message: "no answer") }
        return answer
      }
    }
    throw RPCError(code: .unavailable, message: "the stream ended without an answer")
  }
}
