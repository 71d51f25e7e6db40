import Coordination
import Glibc
import Support
import Synchronization

/// Reaching ports inside the cluster.
extension KubernetesClient {
  /// Makes a port of a pod reachable at a port of 127.0.0.1 while `body` runs.
  ///
  /// Needs the verbs `get` and, on newer servers, `create` for `pods/portforward`.
  ///
  /// - Throws: what `body` throws; before it runs, what stands in the way. When `body` fails because a forwarded
  ///   connection did, the reason the node gave.
  public func withPortForward<Output>(
    pod: String, namespace: String, port: Int, _ body: (_ localPort: Int) async throws -> Output
  ) async throws -> Output {
    let operation = Operation("forward port \(port) of", "Pod \(namespace)/\(pod)")
    let path = APIPath("api", "v1", "namespaces", namespace, "pods", pod, "portforward")
      .setting("ports", String(port))
    var call = APICall(path, operation)
    // An upgrade has no representation: a kubelet answers 406 when JSON is asked for.
    call.accept = "*/*"
    let forwarding = try Forwarding(self, call)
    // The first channel is opened ahead, so that a refusal is known before the body begins.
    try await forwarding.openFirst()
    return try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await forwarding.serve() }
      do {
        let output = try await body(forwarding.listener.port)
        forwarding.stop.raise()
        return output
      } catch {
        forwarding.stop.raise()
        throw error is TransportError ? forwarding.failure ?? error : error
      }
    }
  }

  /// Gets a URL without credentials, proxy or retries, for what a port-forward opened.
  ///
  /// - Throws: `TransportError`, `CancellationError`.
  public func httpGet(_ url: String) async throws -> (status: Int, body: [UInt8]) {
    var request = HTTPRequest(url)
    request.headers = [HTTPHeader("User-Agent", "vineyardctl/\(Version.product)")]
    request.timeout = limits.exchange
    do {
      let response = try await transport.perform(request)
      return (response.status, response.body)
    } catch let failure as TransportFailure {
      throw TransportError(failure, Operation("get", url), server: url)
    }
  }

  /// Opens a channel to a pod's port.
  func openChannel(_ call: APICall, stop: StopSignal) async throws -> PodChannel {
    do {
      return try await repeating(call) { request in
        do {
          return try await open(addressed(request), stop)
        } catch let refusal as UpgradeRefused where !refusal.isOfWebSockets {
          throw KubernetesError(refusal.response, call.operation, server: server)
        }
      }
    } catch is UpgradeRefused {
      throw await unsupported(call.operation)
    }
  }

  private func open(_ request: HTTPRequest, _ stop: StopSignal) async throws -> PodChannel {
    try await withTaskCancellationHandler {
      try await onThread(named: "kubernetes-open") { try PodChannel.open(request, stop: stop) }
    } onCancel: {
      stop.raise()
    }
  }

  /// Names the host, which libcurl does only in requests it writes itself.
  private func addressed(_ request: HTTPRequest) throws -> HTTPRequest {
    guard !request.headers.contains(where: { $0.name == "Host" }) else { return request }
    var request = request
    request.headers.append(HTTPHeader("Host", try ServerAddress(server).authority))
    return request
  }

  private func unsupported(_ operation: Operation) async -> TransportError {
    let version = (try? await version().gitVersion).map { "(\($0)) " } ?? ""
    let failure = TransportFailure(.unsupported, "\(version)does not offer port-forwarding over WebSocket")
    return TransportError(failure, operation, server: server)
  }
}
