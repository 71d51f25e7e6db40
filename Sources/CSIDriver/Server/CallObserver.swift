import CSIProtocol
import GRPCCore
import HTTPEndpoint
import Logging
import Support
import SwiftProtobuf
import Synchronization

/// Sees every call: counts it, writes its line to the log, and turns what a handler throws into a status.
struct CallObserver: ServerInterceptor {
  let log: Logger
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
    case let error as ProgramError: RPCError(code: .internalError, message: error.description)
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

/// Counts and durations of calls, by method.
final class CallMetrics: Sendable {
  private struct Entry {
    var codes: [String: UInt64] = [:]
    var durations = DurationHistogram()
  }

  private struct State {
    var entries: [String: Entry] = [:]
    var running: UInt64 = 0
  }

  private let state = Mutex(State())

  func begin() { state.withLock { $0.running += 1 } }

  /// - Parameter code: how the call ended, in the words of gRPC: OK, NOT_FOUND, …
  func end(_ method: String, code: String, nanoseconds: UInt64) {
    state.withLock { state in
      state.running -= 1
      state.entries[method, default: Entry()].codes[code, default: 0] += 1
      state.entries[method, default: Entry()].durations.record(nanoseconds: nanoseconds)
    }
  }

  /// The text of `/metrics`.
  var text: String {
    let (entries, running) = state.withLock { ($0.entries.sorted { $0.key < $1.key }, $0.running) }
    var page = MetricsPage()
    page.single("vineyard_csi_calls_running", "gauge", "Calls being answered.", running)
    page.family("vineyard_csi_calls_total", "counter", "Calls answered, by method and gRPC status.")
    for (method, entry) in entries {
      for (code, count) in entry.codes.sorted(by: { $0.key < $1.key }) {
        page.sample("vineyard_csi_calls_total", labels: "method=\"\(method)\",code=\"\(code)\"", "\(count)")
      }
    }
    let name = "vineyard_csi_call_duration_seconds"
    page.family(name, "histogram", "Time from the request to the answer, by method.")
    for (method, entry) in entries { page.histogram(name, labels: "method=\"\(method)\"", entry.durations) }
    return page.text
  }
}

/// A request that may carry secrets.
protocol CarriesSecrets: Message {
  var secrets: [String: String] { get set }
}

extension Csi_V1_CreateVolumeRequest: CarriesSecrets {}
extension Csi_V1_DeleteVolumeRequest: CarriesSecrets {}
extension Csi_V1_ControllerPublishVolumeRequest: CarriesSecrets {}
extension Csi_V1_ControllerUnpublishVolumeRequest: CarriesSecrets {}
extension Csi_V1_ValidateVolumeCapabilitiesRequest: CarriesSecrets {}
extension Csi_V1_ControllerModifyVolumeRequest: CarriesSecrets {}
extension Csi_V1_CreateSnapshotRequest: CarriesSecrets {}
extension Csi_V1_DeleteSnapshotRequest: CarriesSecrets {}
extension Csi_V1_ListSnapshotsRequest: CarriesSecrets {}
extension Csi_V1_GetSnapshotRequest: CarriesSecrets {}
extension Csi_V1_ControllerExpandVolumeRequest: CarriesSecrets {}
extension Csi_V1_NodeStageVolumeRequest: CarriesSecrets {}
extension Csi_V1_NodePublishVolumeRequest: CarriesSecrets {}
extension Csi_V1_NodeExpandVolumeRequest: CarriesSecrets {}

/// A request whose volume context may carry tokens of a service account.
protocol CarriesContext: Message {
  var volumeContext: [String: String] { get set }
}

extension Csi_V1_NodeStageVolumeRequest: CarriesContext {}
extension Csi_V1_NodePublishVolumeRequest: CarriesContext {}

extension Message {
  /// The message with every secret value replaced.
  ///
  /// Source: CSI specification, "Secrets Requirements": they must not be logged; the context key is the kubelet's.
  var withoutSecrets: any Message {
    var copy: any Message = self
    if var request = copy as? any CarriesSecrets {
      request.secrets = request.secrets.mapValues { _ in "***" }
      copy = request
    }
    if var request = copy as? any CarriesContext {
      let key = "csi.storage.k8s.io/serviceAccount.tokens"
      if request.volumeContext[key] != nil { request.volumeContext[key] = "***" }
      copy = request
    }
    return copy
  }
}
